page-title = Sinuga jagatud
language = Keel
language-button = Vaheta keelt
ask-lead = Sinuga on jagatud salvestisi või vestluslogisid. Nende avamiseks vajad ühekordset koodi. See saadetakse e-posti aadressile, millele see link saadeti.
ask-button = Küsi ühekordne kood
asked-lead = Kui link kehtib, on ühekordne kood nüüd teel e-posti aadressile, millele link saadeti. Kood kehtib { $minutes } minutit.
asked-hint = Kiri ei tulnud? Vaata ka rämpsposti kausta. Kui sinu juurdepääs on lõppenud, siis koodi ei saadeta.
code-label = Ühekordne kood
code-hint = 6 numbrit
code-button = Jätka
code-wrong = Kood on vale või ei kehti enam. Pärast { $tries } valet katset vajad uut koodi.
code-again = Küsi uus kood
code-elsewhere = Sisesta kood samas brauseris, milles sa seda küsisid.
terms-title = Kasutustingimused
terms-button = Nõustun
list-title = Sinuga jagatud
recording = Salvestis
chat = Vestluslogi
until = Saadaval kuni { $until }
length = Kestus
queue = Järjekord
access-number = Number, millele helistati
play = Esita
pause = Peata
position = Koht salvestises
volume-off = Vaigista
volume-on = Lülita heli sisse
chat-open = Näita vestluslogi
no-saving = Salvestisi saab esitada sellel lehel. Neid ei saa alla laadida.
signed-in-until = Sellel lehel saad olla kuni { $until }. Pärast seda vajad uut koodi.
over-title = Sinu juurdepääs on lõppenud
over-expired = Päevad, milleks seda sinuga jagati, on läbi.
over-cancelled = Saatja on sinu juurdepääsu tühistanud.
over-gone = Sinuga jagatu on kustutatud.
session-over = Sinu aeg sellel lehel on läbi. Jätkamiseks küsi uus kood.
trouble = Seda ei saa praegu esitada. Proovi hetke pärast uuesti.
not-found = Siin ei ole midagi.
from-agent = Teenindaja
from-customer = Klient
letter-subject = Sinuga jagatud salvestised
letter-body =
    Tere, { $recipient }!

    Siin on link salvestistele või vestluslogidele, mida sa palusid:
    { $link }

    Need on saadaval piiratud arv päevi. Neid ei tohi salvestada ega edasi anda.

    Lugupidamisega
code-subject = Sinu ühekordne kood
code-body =
    Sinu ühekordne kood on { $code }.

    Kood kehtib { $minutes } minutit ja seda saab kasutada üks kord. Kui sa seda ei küsinud, võid selle kirja tähelepanuta jätta.
