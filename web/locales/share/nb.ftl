page-title = Delt med deg
language = Språk
language-button = Bytt språk
ask-lead = Noen har delt opptak eller chattelogger med deg. For å åpne dem trenger du en engangskode. Den sendes til e-postadressen som denne lenken ble sendt til.
ask-button = Be om engangskode
asked-lead = Hvis lenken er gyldig, er en engangskode nå på vei til e-postadressen som lenken ble sendt til. Koden er gyldig i { $minutes } minutter.
asked-hint = Ingen e-post? Se også i søppelposten. Hvis tilgangen din er utløpt, sendes ingen kode.
code-label = Engangskode
code-hint = 6 sifre
code-button = Fortsett
code-wrong = Koden er feil eller ikke lenger gyldig. Etter { $tries } feil forsøk trenger du en ny.
code-again = Be om ny kode
code-elsewhere = Skriv inn koden i samme nettleser som du ba om den i.
terms-title = Vilkår for bruk
terms-button = Jeg godtar
list-title = Delt med deg
recording = Opptak
chat = Chattelogg
until = Tilgjengelig til { $until }
length = Lengde
queue = Kø
access-number = Nummer som ble ringt
play = Spill av
pause = Pause
position = Posisjon i opptaket
volume-off = Slå av lyden
volume-on = Slå på lyden
chat-open = Vis chatteloggen
no-saving = Du kan spille av opptakene på denne siden. De kan ikke lagres.
signed-in-until = Du kan være på denne siden til { $until }. Deretter trenger du en ny kode.
over-title = Tilgangen din er avsluttet
over-expired = Dagene dette var delt med deg, er over.
over-cancelled = Avsenderen har trukket tilbake tilgangen din.
over-gone = Det som var delt med deg, er slettet.
session-over = Tiden din på denne siden er over. Be om en ny kode for å fortsette.
trouble = Dette kan ikke spilles av akkurat nå. Prøv igjen om litt.
not-found = Her er det ingenting.
from-agent = Kundebehandler
from-customer = Kunde
letter-subject = Opptak delt med deg
letter-body =
    Hei { $recipient },

    Her er lenken til opptakene eller chatteloggene du ba om:
    { $link }

    De er tilgjengelige i et begrenset antall dager. Du har ikke lov til å lagre dem eller gi dem videre.

    Vennlig hilsen
code-subject = Engangskoden din
code-body =
    Engangskoden din er { $code }.

    Koden er gyldig i { $minutes } minutter og kan brukes én gang. Hvis du ikke har bedt om den, kan du se bort fra denne e-posten.
