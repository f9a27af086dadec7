page-title = Shared with you
language = Language
language-button = Change language
ask-lead = Somebody has shared recordings or chat logs with you. To open them you need a one-time code. It is sent to the e-mail address that this link was sent to.
ask-button = Request one-time code
asked-lead = If this link is valid, a one-time code is now on its way to the e-mail address that the link was sent to. The code is valid for { $minutes } minutes.
asked-hint = No e-mail? Look in your junk folder as well. If your access has ended, no code is sent.
code-label = One-time code
code-hint = 6 digits
code-button = Continue
code-wrong = This code is wrong or no longer valid. After { $tries } wrong tries you need a new one.
code-again = Request a new code
code-elsewhere = Enter the code in the same browser that you requested it in.
terms-title = Terms of use
terms-button = I accept
list-title = Shared with you
recording = Recording
chat = Chat log
until = Available until { $until }
length = Length
queue = Queue
access-number = Number called
play = Play
pause = Pause
position = Position in the recording
volume-off = Mute
volume-on = Unmute
chat-open = Show the chat log
no-saving = You can play recordings on this page. They cannot be saved.
signed-in-until = You can stay on this page until { $until }. After that you need a new code.
over-title = Your access has ended
over-expired = The days for which this was shared with you are over.
over-cancelled = The sender has withdrawn your access.
over-gone = What was shared with you has been deleted.
session-over = Your time on this page is over. Request a new code to go on.
trouble = This cannot be played right now. Try again in a moment.
not-found = There is nothing here.
from-agent = Agent
from-customer = Customer
letter-subject = Recordings shared with you
letter-body =
    Dear { $recipient },

    Here is the link to the recordings or chat logs that you asked for:
    { $link }

    They are available for a limited number of days. You are not allowed to store them or pass them on.

    Kind regards
code-subject = Your one-time code
code-body =
    Your one-time code is { $code }.

    The code is valid for { $minutes } minutes and can be used once. If you did not ask for it, you can ignore this e-mail.
