# The indicator for pages of others. Plain messages without variables: a parser of a few lines reads them.
label = Recording state
idle = Not recording
awaiting_consent = Waiting for consent
recording = Recording
paused = Recording paused
censored = Recording without sound and picture
automatic_without_caller = Recording, without the caller
stopped = Recording stopped
disabled = Not recording
over = Ended
unknown = Connection lost: recording state unknown
