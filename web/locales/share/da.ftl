page-title = Delt med dig
language = Sprog
language-button = Skift sprog
ask-lead = Nogen har delt optagelser eller chatlogge med dig. For at åbne dem skal du bruge en engangskode. Den sendes til den e-mailadresse, som dette link blev sendt til.
ask-button = Bed om engangskode
asked-lead = Hvis linket er gyldigt, er en engangskode nu på vej til den e-mailadresse, som linket blev sendt til. Koden gælder i { $minutes } minutter.
asked-hint = Ingen e-mail? Se også i din uønskede post. Hvis din adgang er udløbet, sendes der ingen kode.
code-label = Engangskode
code-hint = 6 cifre
code-button = Fortsæt
code-wrong = Koden er forkert eller gælder ikke længere. Efter { $tries } forkerte forsøg skal du bruge en ny.
code-again = Bed om en ny kode
code-elsewhere = Indtast koden i den samme browser, som du bad om den i.
terms-title = Vilkår for brug
terms-button = Jeg accepterer
list-title = Delt med dig
recording = Optagelse
chat = Chatlog
until = Tilgængelig til { $until }
length = Længde
queue = Kø
access-number = Nummer, der blev ringet til
play = Afspil
pause = Sæt på pause
position = Position i optagelsen
volume-off = Slå lyden fra
volume-on = Slå lyden til
chat-open = Vis chatloggen
no-saving = Du kan afspille optagelserne på denne side. De kan ikke gemmes.
signed-in-until = Du kan blive på siden til { $until }. Derefter skal du bruge en ny kode.
over-title = Din adgang er ophørt
over-expired = De dage, hvor dette var delt med dig, er forbi.
over-cancelled = Afsenderen har trukket din adgang tilbage.
over-gone = Det, der var delt med dig, er slettet.
session-over = Din tid på siden er udløbet. Bed om en ny kode for at fortsætte.
trouble = Dette kan ikke afspilles lige nu. Prøv igen om lidt.
not-found = Her er ingenting.
from-agent = Medarbejder
from-customer = Kunde
letter-subject = Optagelser delt med dig
letter-body =
    Kære { $recipient }

    Her er linket til de optagelser eller chatlogge, som du bad om:
    { $link }

    De er tilgængelige i et begrænset antal dage. Du må ikke gemme dem eller give dem videre.

    Venlig hilsen
code-subject = Din engangskode
code-body =
    Din engangskode er { $code }.

    Koden gælder i { $minutes } minutter og kan bruges én gang. Hvis du ikke har bedt om den, kan du se bort fra denne e-mail.
