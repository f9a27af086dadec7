page-title = Kopīgots ar jums
language = Valoda
language-button = Mainīt valodu
ask-lead = Ar jums ir kopīgoti ieraksti vai tērzēšanas žurnāli. Lai tos atvērtu, jums ir vajadzīgs vienreizējais kods. To nosūta uz e-pasta adresi, uz kuru tika nosūtīta šī saite.
ask-button = Pieprasīt vienreizējo kodu
asked-lead = Ja saite ir derīga, vienreizējais kods tiek sūtīts uz e-pasta adresi, uz kuru tika nosūtīta saite. Kods ir derīgs { $minutes } minūtes.
asked-hint = E-pasta vēstule nav pienākusi? Ieskatieties arī surogātpasta mapē. Ja jūsu piekļuve ir beigusies, kods netiek sūtīts.
code-label = Vienreizējais kods
code-hint = 6 cipari
code-button = Turpināt
code-wrong = Kods ir nepareizs vai vairs nav derīgs. Pēc { $tries } nepareiziem mēģinājumiem ir vajadzīgs jauns kods.
code-again = Pieprasīt jaunu kodu
code-elsewhere = Ievadiet kodu tajā pašā pārlūkprogrammā, kurā to pieprasījāt.
terms-title = Lietošanas noteikumi
terms-button = Piekrītu
list-title = Kopīgots ar jums
recording = Ieraksts
chat = Tērzēšanas žurnāls
until = Pieejams līdz { $until }
length = Ilgums
queue = Rinda
access-number = Zvanītais numurs
play = Atskaņot
pause = Pauzēt
position = Vieta ierakstā
volume-off = Izslēgt skaņu
volume-on = Ieslēgt skaņu
chat-open = Rādīt tērzēšanas žurnālu
no-saving = Ierakstus var atskaņot šajā lapā. Tos nevar saglabāt.
signed-in-until = Šajā lapā varat palikt līdz { $until }. Pēc tam būs vajadzīgs jauns kods.
over-title = Jūsu piekļuve ir beigusies
over-expired = Dienas, uz kurām tas bija kopīgots ar jums, ir beigušās.
over-cancelled = Sūtītājs ir atsaucis jūsu piekļuvi.
over-gone = Ar jums kopīgotais saturs ir izdzēsts.
session-over = Jūsu laiks šajā lapā ir beidzies. Lai turpinātu, pieprasiet jaunu kodu.
trouble = Pašlaik to nevar atskaņot. Pēc brīža mēģiniet vēlreiz.
not-found = Šeit nekā nav.
from-agent = Darbinieks
from-customer = Klients
letter-subject = Ar jums kopīgoti ieraksti
letter-body =
    Labdien, { $recipient }!

    Šeit ir saite uz ierakstiem vai tērzēšanas žurnāliem, kurus lūdzāt:
    { $link }

    Tie ir pieejami ierobežotu dienu skaitu. Tos nedrīkst saglabāt vai nodot tālāk.

    Ar cieņu
code-subject = Jūsu vienreizējais kods
code-body =
    Jūsu vienreizējais kods ir { $code }.

    Kods ir derīgs { $minutes } minūtes, un to var izmantot vienu reizi. Ja to nepieprasījāt, šo e-pasta vēstuli varat neņemt vērā.
