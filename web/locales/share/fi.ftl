page-title = Jaettu sinulle
language = Kieli
language-button = Vaihda kieli
ask-lead = Sinulle on jaettu tallenteita tai chat-keskusteluja. Niiden avaamiseen tarvitset kertakäyttökoodin. Se lähetetään siihen sähköpostiosoitteeseen, johon tämä linkki lähetettiin.
ask-button = Pyydä kertakäyttökoodi
asked-lead = Jos linkki on voimassa, kertakäyttökoodi on nyt matkalla siihen sähköpostiosoitteeseen, johon linkki lähetettiin. Koodi on voimassa { $minutes } minuuttia.
asked-hint = Eikö viestiä näy? Katso myös roskapostikansiosta. Jos käyttöoikeutesi on päättynyt, koodia ei lähetetä.
code-label = Kertakäyttökoodi
code-hint = 6 numeroa
code-button = Jatka
code-wrong = Koodi on väärä tai ei ole enää voimassa. { $tries } väärän yrityksen jälkeen tarvitset uuden.
code-again = Pyydä uusi koodi
code-elsewhere = Anna koodi samassa selaimessa, jossa pyysit sen.
terms-title = Käyttöehdot
terms-button = Hyväksyn
list-title = Jaettu sinulle
recording = Tallenne
chat = Chat-keskustelu
until = Käytettävissä { $until } asti
length = Kesto
queue = Jono
access-number = Numero, johon soitettiin
play = Toista
pause = Keskeytä
position = Kohta tallenteessa
volume-off = Mykistä
volume-on = Poista mykistys
chat-open = Näytä chat-keskustelu
no-saving = Voit toistaa tallenteita tällä sivulla. Niitä ei voi tallentaa.
signed-in-until = Voit olla tällä sivulla { $until } asti. Sen jälkeen tarvitset uuden koodin.
over-title = Käyttöoikeutesi on päättynyt
over-expired = Päivät, joiksi tämä oli jaettu sinulle, ovat ohi.
over-cancelled = Lähettäjä on perunut käyttöoikeutesi.
over-gone = Sinulle jaettu sisältö on poistettu.
session-over = Aikasi tällä sivulla on päättynyt. Jatka pyytämällä uusi koodi.
trouble = Toistaminen ei onnistu juuri nyt. Yritä hetken kuluttua uudelleen.
not-found = Täällä ei ole mitään.
from-agent = Asiakaspalvelija
from-customer = Asiakas
letter-subject = Sinulle jaettuja tallenteita
letter-body =
    Hei { $recipient },

    tässä on linkki pyytämiisi tallenteisiin tai chat-keskusteluihin:
    { $link }

    Ne ovat käytettävissä rajoitetun ajan. Niitä ei saa tallentaa eikä antaa eteenpäin.

    Ystävällisin terveisin
code-subject = Kertakäyttökoodisi
code-body =
    Kertakäyttökoodisi on { $code }.

    Koodi on voimassa { $minutes } minuuttia, ja sitä voi käyttää kerran. Jos et ole pyytänyt koodia, voit jättää tämän viestin huomiotta.
