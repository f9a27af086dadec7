# Every text of the pages. Plain and exact; buttons are verbs.

app = Ferric
skip-to-content = Skip to content
nav = Pages
nav-recordings = Recordings
nav-settings = Settings
nav-try = Try a room
theme-system = Theme: as the system
theme-light = Theme: light
theme-dark = Theme: dark
sign-out = Sign out
foot = Ferric { $version }

# Sign-in
sign-in-title = Sign in to Ferric
sign-in-how = The first start of a node writes an admin key to the file admin.key in its data folder. Paste it here.
sign-in-key = API key
sign-in-act = Sign in
sign-in-wrong = Nobody has this key. Nothing was changed; check that you copied the whole line.
sign-in-origin = This form was not sent by a page of this node. Open the page again and sign in there.

# States
state-idle = Not recording
state-awaiting_consent = Waiting for consent
state-recording = Recording
state-paused = Recording paused
state-censored = Censored
state-automatic_without_caller = Recording, without the caller
state-stopped = Recording stopped
state-disabled = Recording switched off
state-over = Ended
state-unknown = Connection lost

recording-recording = Recording
recording-processing = Processing
recording-ready = Ready
recording-failed = Failed
recording-discarded = Not kept

role-agent = Agent
role-customer = Customer
role-third_party = Third party
role-host = Host
role-guest = Guest
the-agent = the host
the-customer = the guest
the-third_party = the third party

kind-call = Call
kind-room = Room

# Console
live-title = Live now
live-count = { $n ->
    [0] none
    [one] 1 session
   *[other] { $n } sessions
}
live-empty = Nobody is in a session. A SIP call to a project of this node, or a room, appears here the moment it starts.
live-more = { $n ->
    [one] One more session is live; it is in the API.
   *[other] { $n } more sessions are live; they are in the API.
}
live-since = since
live-nobody = Nobody has come in yet.
live-end = End session
live-ending = Ending …
live-left = left
live-invited = invited
recordings-title = Recordings
recordings-empty = Nothing has been recorded yet. A recording is listed from its first second, and plays while it grows.
recordings-none = No recording fits this filter.
recordings-clear = Show all
col-picture = Picture
col-started = Started
col-parties = Parties
col-project = Project
col-length = Length
col-state = State
filter-project = Project
filter-state = State
filter-any = Any
filter-from = From
filter-to = To
filter-id = Session or recording id
filter-act = Filter
chip-project = project is { $value }
chip-state = state is { $value }
chip-from = from { $value }
chip-to = up to { $value }
chip-session = session is { $value }
chip-remove = Take this filter away
next-page = Older
first-page = Newest
parties-none = not known yet

# The lane
lane-label = Who was recorded when
lane-live-label = Who is being recorded
lane-row = { $who }: { $what }
lane-nothing = nothing recorded
lane-open = recorded from { $from } to { $to }
lane-masked = masked from { $from } to { $to }
lane-open-now = being recorded since { $from }
lane-masked-now = masked since { $from }
lane-gap = Nothing from { $from } to { $to }: { $cause }
lane-cut = Paused for { $length }
lane-cut-live = Paused here
lane-key-open = recorded
lane-key-masked = masked
lane-key-closed = present, not recorded
lane-key-cut = pause
lane-key-gap = nothing arrived
gap-hold = on hold
gap-mute = muted
gap-network = packets were lost on the way
gap-restart = the node was down
gap-no_media = the sender sent nothing

# A recording
recording-of-call = Call in { $project }
recording-of-room = Room in { $project }
recording-receipt = Voice receipt { $order }
back-to-recordings = Recordings
recording-growing = This is being recorded now. What is rendered so far plays below; reload to see more of it.
recording-processing-note = The recording is being finished: { $progress } %. It plays as far as it is rendered.
recording-failed-note = The recording could not be made: { $why }. What was captured is kept, and it is tried again.
recording-discarded-note = Nothing of this was kept: { $why }.
recording-nothing-to-play = There is nothing to play.
discard-conference_none = a third party joined, and the project keeps nothing then
discard-replaced = a later receipt of the same order stands instead
discard-too_short = it was shorter than the project's least length
discard-declined = somebody declined to be recorded
play = Play
pause = Pause
speed = Speed
chapter-start = Start
chapter-after-pause = after a pause of { $length }
chapters = Chapters
scrub = Position
download = Download MP4
delete = Delete
delete-sure = Delete for good?
delete-failed = It was not deleted: { $why }
keys-title = Keys
keys-space = play or pause
keys-arrows = 5 seconds back or on
keys-jkl = back, pause, on; again for faster
keys-frame = one frame back or on
facts-title = About it
fact-started = Started
fact-ended = Ended
fact-length = Length
fact-ended-by = Ended because
fact-project = Project
fact-session = Session
fact-external = Platform's id
fact-output = Output
fact-sound = Sound
fact-picture = Picture
fact-codecs = Codecs
fact-channels = Channels
fact-sync = Picture against sound
fact-sync-value = within { $ms } ms (95 %)
fact-metadata = From the platform
ended-end = the session ended
ended-stop = somebody stopped it
ended-receipt_stop = the receipt was completed
ended-max_duration = it reached the greatest length
ended-host_left = the host left
ended-last_left = the last party left
ended-third_party = a third party joined
wave-everybody = Everybody
parties-title = Parties
party-recorded = recorded for { $length }
party-not-recorded = not recorded
gaps-title = Missing
gaps-none = Nothing is missing.
gap-who = Whose
gap-when = When
gap-length = How long
gap-why = Why
loss-line = { $lost ->
    [0] No packet was lost
    [one] 1 packet was lost
   *[other] { $lost } packets were lost
} of { $received }
tracks-title = Tracks
track-kind = Track
track-codec = Codec
track-loss = Loss
track-drift = Clock
files-title = Files
file-name = Name
file-size = Size
file-hash = SHA-256
media-audio = sound
media-video = camera
media-screen = screen

# Try a room
try-title = Try a room
try-how = This opens a room session in the project “room”. Open the host's link here and the guest's link in another window or on a phone; the links are keys, so send them only to the one they are for.
try-consent = Ask everybody for consent first
try-act = Open a room
try-host = Host's link
try-guest = Guest's link
try-open = Open
try-copy = Copy
try-copied = Copied
try-failed = The room could not be opened: { $why }

# The room
room-title = Room
room-host = You are the host
room-guest = You are a guest
room-needs-script = This page needs JavaScript to use your camera and microphone. Nothing of yours is sent or recorded without it.
room-bad-link = This link does not open a room. It may be cut off, or the session is over. Nothing of yours was sent.
room-not-a-call = You see your own picture only: Ferric records this room, it does not pass pictures and voices on to the others.
room-end = End for everybody
room-end-sure = End it for everybody?
room-answer-first = Answer the question above first. You can join either way.
room-camera = Camera
room-microphone = Microphone
room-no-camera = No camera
room-no-microphone = No microphone
room-preview = Your camera
room-screen = Your screen
room-preview-off = The camera is off
room-screen-off = No screen is shared
room-level = Microphone level
room-join = Join
room-joining = Joining …
room-leave = Leave
room-share = Share screen
room-unshare = Stop sharing
room-share-refused = The screen was not shared: the browser refused it.
room-camera-off = Switch camera off
room-camera-on = Switch camera on
room-mute = Mute
room-unmute = Unmute
room-no-devices = The browser gave no camera or microphone ({ $why }). You can join without them.
room-join-failed = You could not join: { $why }. Nothing of yours was sent.
room-lost = The connection to the recorder was lost. Trying again …
room-over = The session is over. Nothing is being recorded.
room-left = You have left. Nothing more of yours is sent or recorded.
room-nothing-yet = Nothing is being recorded.
room-who = In this room

ind-idle = Nothing is being recorded.
ind-awaiting = Nothing is recorded until everybody who is asked has answered.
ind-both = Everybody here is being recorded.
ind-you-only = Only you are being recorded.
ind-others-only = You are not being recorded; { $who } { $n ->
    [one] is.
   *[other] are.
}
ind-you-and = You and { $who } are being recorded.
ind-paused = Recording paused at { $time }; nothing since is stored.
ind-censored = The recording goes on, but nobody's voice or picture is stored.
ind-stopped = The recording has stopped. Nothing is being recorded.
ind-disabled = This project does not record.
ind-unknown = The recording state is unknown.
link-lost = Connection lost: recording state unknown. Trying again …
ind-nobody = A recording runs; nobody's voice or picture is in it now.

host-title = Recording
host-prompt = Start recording this session?
host-prompt-how = Nothing is recorded until you choose. You can still start later.
host-prompt_accept = Start recording
host-prompt_decline = Not now
do-start = Start recording
do-stop = Stop recording
do-pause = Pause
do-resume = Resume
do-customer_on = Record the customer
do-customer_off = Stop recording the customer
do-censor_on = Censor
do-censor_off = End censoring
do-receipt_start = Start receipt
do-receipt_stop = Complete receipt
controls-label = Recording controls
controls-order = Order
controls-order-missing = Enter the order number that the receipt is for.
controls-unanswered = The recorder did not answer. Whether this was done is not known; look at the state above.
why-ended = The session is over.
why-no_such_participant = Join first.
why-recording_disabled = Recording is switched off for this project.
why-mode_forbids = The project does not record.
why-customer-both = The project records both sides; there is no switch for the customer.
why-customer-agent_only_forbid = The project forbids recording the customer.
why-customer-receipts_forbid = The project records the customer in voice receipts only.
why-customer-none = The project does not record.
why-forced-queue = Recording is forced by the queue.
why-forced-agent = Recording is forced for this agent.
why-start-not_permitted = You may not start recordings by hand.
why-censor_on-not_permitted = You may not censor.
why-censor_off-not_permitted = You may not censor.
why-not_host = Only the host can do this.
why-not_recording = Nothing is being recorded.
why-pause-already = It is paused already.
why-start-already = It is being recorded already.
why-conference_stopped = A third party joined; this project does not record on after that.
refused-ended = The session is over.
refused-no_such_participant = You are not in the session.
refused-recording_disabled = Recording is switched off for this project.
refused-mode_forbids = The project's record mode does not allow this.
refused-forced = Recording is forced here; it cannot be stopped or paused.
refused-not_host = Only the host can do this.
refused-not_permitted = You may not do this.
refused-not_recording = Nothing is being recorded.
refused-already = It is so already.
refused-conference_stopped = A third party joined; this project does not record on after that.
refused-no_such_receipt = No such receipt is running.
refused-other = The node refused: { $why }

consent-title = May this conversation be recorded?
consent-what = Your voice, and your camera and screen while you share them.
consent-who = The people of this service who work with its recordings hear and see it.
consent-long = It is kept for as long as this service's rules say. The host can tell you how long that is.
consent-either = The conversation goes on, whatever you choose. If you say no, nothing of yours is kept.
consent-yes = Yes, record me
consent-no = No, do not record me
consent-running = A recording is running here. Nothing of yours is in it unless you say yes.
consent-mine = You and the recording
consent-not-asked = This project does not ask for consent. You can stop being recorded at any time.
consent-granted = You agreed to be recorded. You can take that back at any time.
consent-declined = You declined. Nothing you said is kept.
after-granted = You agreed to be recorded; what was recorded is kept for as long as this service's rules say.
after-declined = You declined. Nothing you said is kept.
after-withdrawn = You withdrew. What was recorded before that, with your consent, stays.
after-close = You can close this page.
consent-again = Record me again
consent-erase = Erase what was recorded of me
consent-erase-sure = Erase it for good?
consent-withdrawn = You withdrew. Nothing of yours is recorded from now on; what was recorded with your consent stays.
consent-withdraw = Stop recording me

# The desk
desk-title = Desk
desk-of = Calls of { $agent }
desk-needs-script = This page needs JavaScript to show your calls.
desk-empty = You are in no call. Your next call appears here the moment it starts.
desk-nobody = Nobody else is in the call
desk-keys = Keyboard shortcuts
desk-which = Which call? Press Tab until the focus is in it, then use the shortcut.
desk-closed = This desk is closed: its link has ended, or was taken back. Ask for a new one. Nothing was changed in your calls.

# Errors of pages
error-title = That did not work
error-not-found = There is nothing here. The recording may have been deleted, or the link is cut off.
error-internal = The node could not do this. Nothing was changed; its log says why.
error-back = Back to the recordings

# The administrator's pages
settings-title = Settings
tab-workspace = Workspace
tab-projects = Projects
tab-agents = Agents
tab-queues = Queues
tab-webhooks = Webhooks
tab-audit = Audit log
workspace-title = Workspace
workspace-how = What holds in every project that says nothing else. A session keeps for its whole length what it began with.
set-save = Save
set-new-only = Holds for new sessions only.
set-saved = Saved. It holds for new sessions{ $n ->
    [0] .
    [one] ; 1 live session keeps the old settings.
   *[other] ; { $n } live sessions keep the old settings.
}
set-saved-short = Saved. It holds for new sessions.
set-wrong = Nothing was saved. “{ $field }” cannot be so; the reason is beside it.
set-default = Default: { $value }
set-inherited = As the workspace: { $value }
default-trigger = Default: calls at the first participant, rooms by hand
default-stop_when_host_leaves = Default: in rooms yes, in calls no
opt-yes = Yes
opt-no = No
opt-no-limit = No limit

set-group-project = Project
set-group-recording = Who is recorded
set-group-course = How a recording runs
set-group-consent = Consent
set-group-listening = Who may listen
set-group-keeping = How long it is kept
set-group-place = Where it lies
set-group-link = Who may open its link

set-slug = Name
set-hint-slug = Stands in addresses: sip:<name>@node. Letters, digits, dot, dash and underscore; it cannot be changed later.
set-kind = Kind
set-hint-kind = What the project is for decides which settings it has.
project-kind-contact_center = Contact centre
project-kind-customer_service = Customer service
project-kind-video = Video
project-kind-call = Calls
project-kind-room = Rooms
project-kind-note-contact_center = Outbound calls with orders and voice receipts.
project-kind-note-customer_service = Inbound calls through flows.
project-kind-note-video = Rooms with hosts and guests, in sound and picture.
project-kind-note-call = Any calls, with every setting there is.
project-kind-note-room = Any rooms, with every setting there is.
set-caller_is = The first caller is
set-hint-caller_is = Where none of a call's addresses belongs to an agent.
opt-caller_is-customer = The customer
opt-caller_is-agent = The agent
why-no-caller = A room has no caller: its links say who somebody is.

set-recording_enabled = Record at all
set-hint-recording_enabled = No: nobody is recorded, whatever an agent does. What was recorded before stays.
set-record_mode = Record mode
set-hint-record_mode = Whose voice and picture are recorded. A customer who declines is never recorded.
opt-record_mode-both = Record both agent and customer
opt-record_mode-agent_only_allow = Record agent only and allow agent to record customer
opt-record_mode-agent_only_forbid = Record agent only and forbid agent to record customer
opt-record_mode-receipts_allow = Record agent only and include customer in voice receipts; allow agent to record customer outside of them
opt-record_mode-receipts_forbid = Record agent only and include customer in voice receipts; forbid agent to record customer outside of them
opt-record_mode-none = Record neither agent nor customer
why-only-contact-center = Contact centre projects have this.
why-only-customer-service = Customer service projects have this. Here “Record at all: no” does the same.
set-conference_mode = When a third party joins
set-hint-conference_mode = For calls that become conferences.
opt-conference_mode-all = Record all participants
opt-conference_mode-agent_and_customer = Record agent and customer only
opt-conference_mode-stop_on_third_party = Stop recording for everybody
opt-conference_mode-none = Keep no recording of the call
why-no-conference = A video project has hosts and guests, and no third party.
set-multiple_receipts_per_order = Several voice receipts per order
set-hint-multiple_receipts_per_order = No: a second receipt of an order replaces the first once it is complete.
set-trigger = Recording starts
set-hint-trigger = Forced recording, by an agent or a queue, starts at the answer whatever stands here.
opt-trigger-manual = By hand
opt-trigger-prompt = By a question to the first host
opt-trigger-auto_first = With the first participant
opt-trigger-auto_second = With the second participant
set-start_paused = Start paused
set-hint-start_paused = Recording begins paused; the agent resumes it.
set-pause_behavior = A pause is
set-hint-pause_behavior = Nothing said in a pause is stored, either way.
opt-pause_behavior-skip = Cut out of the recording
opt-pause_behavior-silence = Silence in the recording
set-stop_when_host_leaves = Stop when the last agent or host leaves
set-hint-stop_when_host_leaves = What was recorded until then is kept.
set-min_duration_s = Shortest recording
set-hint-min_duration_s = A shorter one is not kept, and says so.
unit-min_duration_s = { $n ->
    [one] 1 second
   *[other] { $n } seconds
}
unit-min_duration_s-after = seconds
set-max_duration_s = Longest recording
set-hint-max_duration_s = It ends there; the session goes on.
unit-max_duration_s = { $n ->
    [one] 1 second
   *[other] { $n } seconds
}
unit-max_duration_s-after = seconds
set-consent = Consent
set-hint-consent = Whether people are asked before anything of theirs is recorded.
opt-consent-not_required = Nobody is asked
opt-consent-per_party = Everybody is asked; each is recorded once they agree
opt-consent-all_party = Everybody is asked; nobody is recorded until all agree
set-text = What people are asked
set-hint-text = Plain words: what is recorded, who hears it, how long it is kept. Every change is a new version; the record of an answer names its version.
set-text-otherwise = Empty: Ferric's own words.
set-language = Language of that text
set-hint-language = A language tag such as en or nb-NO.
set-agents_can_listen_to_others = Agents can listen to other agents' calls
set-hint-agents_can_listen_to_others = No: an agent hears their own only.
set-retention_months = Kept for
set-hint-retention_months = Months that recordings are to be kept. Nothing is deleted by itself yet.
unit-retention_months = { $n ->
    [one] 1 month
   *[other] { $n } months
}
unit-retention_months-after = months
set-region = Storage region
set-hint-region = Recordings of sessions that begin from now on lie there and nowhere else. Those that there are stay where they are.
opt-region-none = Ferric’s one store
opt-region-america = America
opt-region-europe = Europe

projects-title = Projects
projects-how = Every session belongs to a project. What a project does not say, the workspace says.
project-new = New project
project-title = Project { $slug }
project-show-kind = Show the settings of this kind
project-gone = The project was deleted.
project-delete = Delete this project …
project-delete-how = Its settings are gone then. A project with recordings, live sessions or agents of its own cannot be deleted.
project-delete-sure = Delete { $slug } for good
delete-named = Delete { $name } for good

agents-title = Agents
agents-how = Who is an agent, by the addresses that calls come from, and what each may do.
agents-empty = No agent yet. Without agents, the first party of a call is the customer, or as the project says.
agent-new = New agent
agent-about = Agent
agent-delete = Delete this agent …
agent-delete-how = Calls from these addresses have no agent then. Recordings stay.
agent-every-project = every project
set-agent-name = Name
set-hint-agent-name = As it stands in recordings and logs. It cannot be changed later.
set-agent-addresses = Addresses
set-hint-agent-addresses = One a line: sip:anna@pbx.example, a user part such as 1001, a number, or a pattern such as 10*@pbx.example.
set-agent-projects = Projects
set-hint-agent-projects = None chosen: every project.
set-agent-properties = May
set-hint-agent-properties = Over what the project allows.
prop-manual_recording_allowed = Start recording by hand
prop-note-manual_recording_allowed = In calls of projects whose recording starts by hand.
prop-censor_allowed = Censor
prop-note-censor_allowed = Silence and black instead of everybody, while it lasts.
prop-forced = Recording is forced
prop-note-forced = It starts at the answer and cannot be stopped or paused while this agent has the call.
prop-record_agent_if_denied = Record this agent alone where a customer of a forced call declines
prop-note-record_agent_if_denied = Otherwise nobody is recorded then.
prop-short-manual_recording_allowed = starts by hand
prop-short-censor_allowed = censors
prop-short-forced = forced
prop-short-record_agent_if_denied = alone if denied

queues-title = Queues
queues-how = What a queue adds to the project's settings, for calls whose platform names it.
queues-empty = No queue yet. A call whose queue is not here has the project's settings.
queue-new = New queue
queue-about = Queue
queue-delete = Delete this queue …
queue-delete-how = Calls of this queue have the project's settings then.
set-queue-name = Name
set-hint-queue-name = As the platform sends it. It cannot be changed later.
set-queue-properties = Adds
set-hint-queue-properties = Over the project's settings.
prop-queue-forced = Recording is forced for every call of this queue

audit-title = Audit log
audit-how = Who did what to what. Nothing here can be changed; each entry is chained to the one before, and “ferric verify” checks the chain.
audit-empty = Nothing has been noted yet.
audit-none = No entry fits this filter.
audit-seq = No.
audit-at = When
audit-actor = Who
audit-action = What
audit-subject = To what
audit-detail = Details
audit-became = became
action-play = Played
action-download = Downloaded
action-delete = Deleted
action-share = Shared
action-cancel = Called back
action-sign_in = Signed in
action-setting_change = Changed a setting
action-command = Gave a command
action-erase = Erased

would-title = What would be recorded
would-how = A story of a session, told to the very rules that run in live ones, with this project's settings as they are now. Nothing is recorded.
would-result = What would be recorded
would-nothing = Nothing would be recorded.
would-refused = Refused
would-states = What everybody would be shown
story-title = The story
story-act = Show
story-remove = Empty a row to take it away.
story-agent = The agent is
story-any-agent = Any agent, without properties of their own
story-queue = The call came by
story-no-queue = No queue
story-at = Time of step { $n }
story-who = Who, in step { $n }
story-what = What, in step { $n }
story-order = Order, in step { $n }
story-order-short = Order
story-bad-time = A time as 1:05, or seconds.
story-bad-who = Who does it?
story-bad-what = What happens?
story-in-already = They are in already.
story-not-in = They are not in.
story-cannot = This cannot happen here.
story-unclear = The story is not clear yet; the reason is beside its step.
story-failed = The story could not be told: { $why }
story-refused = { $at }: { $what }. { $why }
preset-pause = A pause and a censoring
preset-receipt = Two voice receipts
preset-switch = Agent records the customer
preset-third = A third party
preset-consent = Consent, then withdrawal
preset-decline = A customer declines
preset-transfer = A transfer
preset-room = Host and guest
preset-hosts = Two hosts
who-agent = Agent
who-agent2 = Second agent
who-customer = Customer
who-customer2 = Second customer
who-third_party = Third party
who-room-agent = Host
who-room-agent2 = Second host
who-room-customer = Guest
who-room-customer2 = Second guest
who-room-third_party = Third party
step-join = joins
step-leave = leaves
step-consent_grant = agrees to be recorded
step-consent_decline = declines to be recorded
step-consent_withdraw = withdraws consent
step-start = starts recording
step-stop = stops recording
step-pause = pauses
step-resume = resumes
step-customer_on = switches the customer on
step-customer_off = switches the customer off
step-censor_on = censors
step-censor_off = ends censoring
step-receipt_start = begins a voice receipt
step-receipt_stop = completes the voice receipt
step-prompt_accept = accepts the prompt
step-prompt_decline = declines the prompt
step-end = the session ends
output-main = The recording
output-main-again = Recording { $n }
output-kept = Kept, { $length } long: { $why }.
output-not-kept = Not kept: { $why }.
# Webhooks
hooks-title = Webhooks
hooks-how = Where this node tells what happens in sessions and to recordings, as it happens: signed, in order, and again until it is taken.
hooks-empty = No webhook yet. A platform that wants to be told, rather than to ask, needs one.
hook-title = Webhook
hook-new = New webhook
hook-url = Address
hook-url-how = Events are sent there as JSON, by POST. Any answer from 200 to 299 takes one.
hook-kinds = Events
hook-kinds-how = None chosen: every kind, also those that later versions bring.
hook-projects = Projects
hook-projects-how = None chosen: of every project.
hook-every-kind = Every kind
hook-every-project = Every project
hook-switched = Sends
hook-on = Switched on
hook-off = Switched off
hook-make = Create
hook-make-how = The secret is shown next, once.
hook-save = Save
hook-change = Change a webhook
hook-change-act = Change
hook-wrong = Nothing was changed. { $why }
hook-secret = The secret
hook-secret-how = Keep it now: it is shown this once. Receivers check by it that a delivery comes from this node.
hook-created = Created
hook-old-secret = The secret before is signed with too until
hook-test = Try it out
hook-turn-on = Switch on
hook-turn-off = Switch off
hook-said-made = Created. What happens from now on is sent.
hook-said-save = Saved.
hook-said-on = Switched on. What happens from now on is sent.
hook-said-off = Switched off. What happens while it is off is not sent later, unless you send that period again.
hook-said-rotate = It has a new secret. For 24 hours deliveries are signed with the one before too.
hook-said-test = A “webhook.test” is on its way. What became of it stands below; look again in a moment.
hook-said-again = It is sent again, with the same id.
hook-said-period = { $n ->
    [0] Nothing that this webhook wants happened in that period.
    [one] 1 event is sent again.
   *[other] { $n } events are sent again.
}
hook-said-delete = The webhook was deleted.
hook-deliveries = Deliveries
hook-deliveries-empty = None. What is over is shown for 30 days.
hook-at = Put in line
hook-event = Event
hook-answer = Answer
hook-next = Next try
hook-state-waiting = Waiting
hook-state-delivered = Taken
hook-state-dead = Given up
hook-attempts = { $n ->
    [0] not tried yet
    [one] tried once
   *[other] tried { $n } times
}
hook-again = Send again
hook-again-one = Send again: { $kind }
hook-period = Send a period again
hook-period-how = Every event of it that this webhook wants, also from before it was made. Deliveries made before keep their ids, so that receivers know what they have had.
hook-since = From (UTC)
hook-until = Until (UTC; empty: now)
hook-period-act = Send again
hook-rotate = A new secret
hook-rotate-how = Where the secret may be known to others. The one before is signed with too for 24 hours, so that receivers can change over.
hook-rotate-act = Make a new secret
hook-delete = Delete this webhook …
hook-delete-how = Nothing is sent there any more, and what waits is dropped.
hook-delete-sure = Delete it for good

# Sending a file in
nav-upload = Upload
upload-title = Upload a recording
upload-how = A video or sound file becomes a recording like any other: checked, converted where needed, with a preview. Up to { $most }; any usual format.
upload-noscript = A file is sent in pieces, so that a broken connection costs nothing. That needs scripts; switch them on for this page, or send the file with the API.
upload-file = Video or sound file
upload-name = Title
upload-ticket = Ticket
upload-email = Customer's e-mail
upload-role = Sent by
upload-role-agent = me, the agent
upload-role-customer = the customer
upload-act = Send
upload-stop = Stop for now
upload-progress = Progress
upload-sending = Sending: { $percent } %. You may close this page; choosing the same file again goes on where it was.
upload-again = The connection broke. What has arrived is kept; trying again …
upload-stopped = Stopped. What has arrived is kept; send the same file again to go on.
upload-rendering = All of it is here. It is being made a recording: { $percent } %.
upload-ready = The recording is ready.
upload-open = Open it
upload-failed = It did not work: { $why }
upload-gone = What had arrived was not finished in time and is gone. Send the file again.
upload-too-large = This file is larger than may be sent.
invite-title = Let somebody outside send a file
invite-how = Makes a link to a page where one file can be sent, for the project, ticket and customer above. It holds for a week; whoever has it sees nothing else.
invite-act = Make a link
invite-link = The link, shown once
send-title = Send a video or a recording
send-how = You were asked to send one video or sound file. Choose it and press Send; if the connection breaks, it goes on where it was.
send-done = Thank you. Your file has arrived; you may close this page.
send-over = This link does not hold any more. Ask whoever sent it to you for a new one.

# A recording's chat log, labels, notes
chat-title = Chat
chat-go = Go to { $at }
recording-retry = Try again
labels-title = Labels
labels-how = Labels, a comma between two
labels-save = Save labels
notes-title = What was done with it
notes-none = Nothing is noted about it yet.
fact-source = Source
recording-failed-upload = No recording could be made of the file that was sent: { $why }. The file itself is kept for a week, so that it can be tried again.
recording-of-upload = Upload to { $project }
metadata-title = Title
metadata-ticket = Ticket
metadata-file_name = File
metadata-customer_email = Customer's e-mail
metadata-customer_number = Customer's number
metadata-queue = Queue
metadata-order = Order
metadata-access_number = Access number
metadata-caller = Caller
metadata-description = Description
source-live = Live session
source-upload = Uploaded
fact-bytes = Size of all files

# Who may open a recording's link
set-visibility_live = Live recordings
set-hint-visibility_live = For recordings from now on; each can be set otherwise on its page.
set-visibility_upload = Recordings that were sent in
set-hint-visibility_upload = As above, for uploads.
opt-visibility_live-anyone_with_link = Anyone with the link
opt-visibility_live-members = Members
opt-visibility_live-members_and_selected = Members and selected people
opt-visibility_upload-anyone_with_link = Anyone with the link
opt-visibility_upload-members = Members
opt-visibility_upload-members_and_selected = Members and selected people
reach-anyone_with_link = Anyone with the link
reach-members = Members
reach-members_and_selected = Members and selected people
visibility-title = Who may open its link
visibility-link = Its link
visibility-none = Its link comes once the recording is ready.
visibility-reach = Opens for
visibility-selected = Selected people
visibility-selected-how = One e-mail address a line. Who is taken away is shut out at once.
visibility-save = Save
visibility-renew = New link
visibility-renew-how = The link that there is opens nothing any more.
visibility-wanted = Nobody is selected yet. Enter the address of the customer who is to see it.
link-title = A recording for you
link-not-ready = This recording is still being finished. Come back in a moment.
link-length = Length
link-plays-here = It plays on this page only, for { $hours } hours.
