page-title = Delat med dig
language = Språk
language-button = Byt språk
ask-lead = Någon har delat inspelningar eller chattloggar med dig. För att öppna dem behöver du en engångskod. Den skickas till den e-postadress som länken skickades till.
ask-button = Begär engångskod
asked-lead = Om länken är giltig är en engångskod nu på väg till den e-postadress som länken skickades till. Koden gäller i { $minutes } minuter.
asked-hint = Inget mejl? Titta även i skräpposten. Om din åtkomst har upphört skickas ingen kod.
code-label = Engångskod
code-hint = 6 siffror
code-button = Fortsätt
code-wrong = Koden är fel eller gäller inte längre. Efter { $tries } felaktiga försök behöver du en ny.
code-again = Begär en ny kod
code-elsewhere = Ange koden i samma webbläsare som du begärde den i.
terms-title = Användarvillkor
terms-button = Jag godkänner
list-title = Delat med dig
recording = Inspelning
chat = Chattlogg
until = Tillgänglig till { $until }
length = Längd
queue = Kö
access-number = Uppringt nummer
play = Spela upp
pause = Pausa
position = Position i inspelningen
volume-off = Stäng av ljudet
volume-on = Slå på ljudet
chat-open = Visa chattloggen
no-saving = Du kan spela upp inspelningarna på den här sidan. De kan inte sparas.
signed-in-until = Du kan vara kvar på sidan till { $until }. Därefter behöver du en ny kod.
over-title = Din åtkomst har upphört
over-expired = De dagar som detta var delat med dig är över.
over-cancelled = Avsändaren har dragit tillbaka din åtkomst.
over-gone = Det som var delat med dig har raderats.
session-over = Din tid på sidan är över. Begär en ny kod för att fortsätta.
trouble = Det går inte att spela upp just nu. Försök igen om en stund.
not-found = Här finns ingenting.
from-agent = Handläggare
from-customer = Kund
letter-subject = Inspelningar delade med dig
letter-body =
    Hej { $recipient },

    Här är länken till de inspelningar eller chattloggar som du bad om:
    { $link }

    De är tillgängliga ett begränsat antal dagar. Du får inte spara dem eller ge dem vidare.

    Vänliga hälsningar
code-subject = Din engångskod
code-body =
    Din engångskod är { $code }.

    Koden gäller i { $minutes } minuter och kan användas en gång. Om du inte har begärt den kan du bortse från det här mejlet.
