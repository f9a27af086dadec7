page-title = Bendrinama su jumis
language = Kalba
language-button = Keisti kalbą
ask-lead = Su jumis bendrinami įrašai arba pokalbių žurnalai. Kad juos atvertumėte, reikia vienkartinio kodo. Jis siunčiamas el. pašto adresu, kuriuo buvo išsiųsta ši nuoroda.
ask-button = Prašyti vienkartinio kodo
asked-lead = Jei nuoroda galioja, vienkartinis kodas siunčiamas el. pašto adresu, kuriuo buvo išsiųsta nuoroda. Kodas galioja { $minutes } minučių.
asked-hint = Laiško nėra? Pažiūrėkite ir brukalo aplanke. Jei jūsų prieiga baigėsi, kodas nesiunčiamas.
code-label = Vienkartinis kodas
code-hint = 6 skaitmenys
code-button = Tęsti
code-wrong = Kodas neteisingas arba nebegalioja. Po { $tries } neteisingų bandymų reikės naujo.
code-again = Prašyti naujo kodo
code-elsewhere = Kodą įveskite toje pačioje naršyklėje, kurioje jo prašėte.
terms-title = Naudojimo sąlygos
terms-button = Sutinku
list-title = Bendrinama su jumis
recording = Įrašas
chat = Pokalbio žurnalas
until = Prieinama iki { $until }
length = Trukmė
queue = Eilė
access-number = Numeris, kuriuo skambinta
play = Leisti
pause = Pristabdyti
position = Vieta įraše
volume-off = Išjungti garsą
volume-on = Įjungti garsą
chat-open = Rodyti pokalbio žurnalą
no-saving = Įrašus galite leisti šiame puslapyje. Išsaugoti jų negalima.
signed-in-until = Šiame puslapyje galite būti iki { $until }. Vėliau reikės naujo kodo.
over-title = Jūsų prieiga baigėsi
over-expired = Dienos, kurioms tai buvo bendrinama su jumis, baigėsi.
over-cancelled = Siuntėjas atšaukė jūsų prieigą.
over-gone = Tai, kas buvo bendrinama su jumis, ištrinta.
session-over = Jūsų laikas šiame puslapyje baigėsi. Kad tęstumėte, prašykite naujo kodo.
trouble = Šiuo metu paleisti nepavyksta. Po akimirkos bandykite dar kartą.
not-found = Čia nieko nėra.
from-agent = Darbuotojas
from-customer = Klientas
letter-subject = Su jumis bendrinami įrašai
letter-body =
    Sveiki, { $recipient },

    čia yra nuoroda į įrašus arba pokalbių žurnalus, kurių prašėte:
    { $link }

    Jie prieinami ribotą dienų skaičių. Jų negalima išsaugoti ar perduoti kitiems.

    Pagarbiai
code-subject = Jūsų vienkartinis kodas
code-body =
    Jūsų vienkartinis kodas yra { $code }.

    Kodas galioja { $minutes } minučių ir gali būti panaudotas vieną kartą. Jei jo neprašėte, šio laiško galite nepaisyti.
