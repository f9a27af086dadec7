### Links to people outside and inside, and their log.

# A link that is not open to everybody
asked-title = A recording for those it was shared with
asked-how = Enter your e-mail address. If this recording was shared with it, a link to play it is sent there.
asked-address = Your e-mail address
asked-address-how = The address is only compared with those that the recording was shared with.
asked-act = Send me the link
asked-wrong = This is no e-mail address. It has a form like name@example.com.
asked-member = Are you a member of the workspace?
asked-told = If this recording was shared with the address that you entered, a link is on its way to it.
asked-told-how = The link works for { $hours } hours. You can close this page.
asked-nothing-came = Nothing came? Look among unwanted mail, and check the address with whoever sent you here.
asked-again = Enter an address again

# The letter with a temporary link
temporary-subject = The link to your recording
temporary-body =
    Somebody asked for a link to a recording that was shared with this address. Open it here:

    { $link }

    It works for { $hours } hours, and for you alone: do not pass it on. When it is over, open the recording's own link again and ask for a new one.

    If it was not you who asked, you need not do anything.

# Whom a session was for
requester-title = Who may see the recording?
requester-how = It opens for members of the workspace and for people who are selected. Enter the customer's address: a link to it goes there once they open the recording.
requester-address = Customer's e-mail address
requester-act = Select them
requester-later = Not now
requester-named = They are selected for the recording of this session. It is changed on the recording's page.
requester-already = Somebody said it already. It is changed on the recording's page.
requester-postponed = Nobody is selected. A member can do it on the recording's page.
requester-over = This can no longer be said here. A member can do it on the recording's page.

visibility-no-letters = Nobody but members can open it: this node sends no letters, so selected people cannot be sent a link. An administrator sets [mail] in its configuration.

# Sending a link
send-external-title = Send link to external user
send-external-how = The recipient gets a letter with a link, asks there for a one-time code that goes to the same address, accepts the terms of use and plays what you chose. Nothing can be downloaded.
send-internal-title = Send link to internal user
send-internal-how = The recipient signs in and finds what you chose in the archive: all of it that their own rights let them see.
send-external-act = Send outside …
send-internal-act = Send to a colleague …
send-nothing = Nothing is chosen. Choose recordings or chat logs in the archive first.
send-to-archive = To the archive
send-chosen = { $n ->
    [one] 1 recording or chat log
   *[other] { $n } recordings and chat logs
}
send-kind-recording = Recording
send-kind-chat = Chat
send-chat-lines = { $n ->
    [one] 1 line
   *[other] { $n } lines
}
send-recording = a recording
send-left-out = { $n ->
    [one] One of those that were chosen is not there for you. The others are kept; send them, or choose again.
   *[other] { $n } of those that were chosen are not there for you. The others are kept; send them, or choose again.
}
send-too-many = A letter carries at most { $most }. The first are kept; send them, or choose again.
send-no-letters = This node sends no letters. An administrator sets [mail] in its configuration.
send-no-users = There are no users yet. An administrator adds them under People.
send-recipient = The recipient
send-name = Name
send-email = E-mail address
send-reason = Reason
send-reason-how = For the log. The recipient does not see it.
send-access = Access
send-days = Days
send-days-how = Today and so many days more, at most { $most }.
send-language = Language
send-language-how = Of the page first, and of the letter with the code. Only languages with terms of use can be chosen.
send-show-access = Show the access number
send-show-queue = Show the queue's name
send-letter = The letter
send-from = Sender
send-subject = Subject
send-body = Text
send-message = Message
send-body-link = is where the link stands; it has to stay.
send-body-recipient = becomes the recipient's name.
send-body-myname = becomes your name, { $name }.
send-user = User
send-user-choose = Choose a user
send-user-email-how = Empty: the address that the user is known by.
send-act = Send
send-cancel = Cancel
send-done = Done
send-see-log = See it in the log
send-external-sent = A letter with the link goes to { $name } at { $email } as soon as the copies are there.
send-internal-sent = A letter with the link is on its way to { $name }.
send-valid-until = The link works until
send-close = Close
send-trouble = This could not be opened: the node did not answer. Try again.

internal-body =
    This letter is meant for { $recipient }.

    Here are some recordings or chat logs that I want you to take a look at.

    You have to be signed in for the link to work. You will find what your own rights let you see:

    { $link }

    Best regards,
    { $myname }

# External access: the log
nav-external = External access
external-title = External access
external-how = Every letter with a link that was sent to somebody outside, and what became of it.
external-tab-log = Log
external-tab-configuration = Configuration
external-kind = Type
external-kind-recordings = Recordings
external-kind-chats = Chat logs
external-name = Recipient's name
external-email = Recipient's e-mail
external-by = Ordered by
external-status = Status
external-at = Date and time
external-recipient = Recipient
external-reason = Reason
external-access = Access
external-items = Recordings
external-by-whom = by { $who }
external-days = { $n ->
    [one] 1 day
   *[other] { $n } days
}
external-caller = caller { $number }
external-gone = taken out meanwhile
external-deleted = deleted
external-is-valid = Valid
external-is-expired = Expired
external-is-cancelled = Cancelled
external-until-valid = until
external-until-expired = since
external-cancelled-by = by { $who } on
external-letter-held = Copies on their way ({ $copied } of { $of }), then the letter
external-letter-waiting = Letter on its way
external-letter-again = Letter not taken yet; tried again
external-letter-failed = Letter not delivered
external-resend = Try again
external-cancel = Cancel …
external-cancel-sure = { $name } loses access at once, also where the page is open now, and the copies are deleted. This cannot be undone.
external-cancel-act = Cancel access
external-said-cancel = Access was cancelled. The link opens nothing any more, and the copies are deleted.
external-said-resend = A new letter with a link is on its way.
external-empty = Nothing was sent yet. Choose recordings in the archive and send a link; each letter is listed here.
external-none = No letter fits this filter.
external-clear = Show all

# External access: configuration
external-config-title = Pages and letters for people outside
external-config-how = How the page looks that a recipient opens, the terms of use that are accepted there, and what a letter begins with.
external-saved = Saved. It holds from now on.
external-save = Save
external-logo = Logo
external-logo-file = Picture
external-logo-now = The logo as it is now
external-logo-how = PNG or JPEG, at most { $kb } KiB and 2,000 pixels a side. It stands over the page. Only its pixels are kept; an SVG can hold scripts, so none is taken.
external-logo-set = Use this picture
external-logo-remove = Remove the logo
external-page = The page
external-footer = Footer
external-footer-how = Up to 3 lines, as for your company's name and how to reach it.
external-hours = Web session
external-hours-how = How long a recipient may play after the code was entered, 1 to 24 hours. Then a new code is needed.
external-hours-unit = hours
external-letters = What a letter begins with
external-config-days = Availability
external-config-days-how = Today and so many days more. The sender can change it.
external-days-unit = days
external-config-language = Language
external-config-language-how = One that has terms of use. The sender can choose another one.
external-from = Sender
external-from-how = Senders see it and cannot change it. Mail from a domain that does not know this node's mail server ends up as unwanted mail.
external-own-words = Empty: each language's own words.
external-body = Text to people outside
external-internal-body = Text to colleagues
external-internal-how = become the names of recipient and sender.
external-shows = Ticked at first
external-shows-how = What the page shows of a recording.
external-terms = Terms of use
external-terms-how = A recipient accepts them before anything plays. A language without any shows the English ones, and cannot be chosen by senders.
