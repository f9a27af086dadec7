### Folders, labels, assignees, triage rules.

tab-folders = Folders and labels
tab-triage = Triage

folders-title = Folders and labels
folders-how = What recordings are sorted by: each lies in one folder or in none, and has any number of labels.
folders-heading = Folders
folders-empty = No folder yet. Make one, then put recordings into it by hand or by a triage rule.
folder-new = New folder
folder-name = Name
folder-hint-name = What people read. It can be changed later; what lies in it stays there.
folder-address = Address
folder-delete = Delete this folder …
folder-delete-how = { $n ->
    [0] No recording lies in it.
    [one] One recording lies in it. It stays, in no folder.
   *[other] { $n } recordings lie in it. They stay, in no folder.
  }
folder-holds = Recordings
folder-gone = { $id } (gone)
person-gone = { $name } (gone)
labels-heading = Known labels
labels-how-known = These are offered and have a colour. A recording may carry any other label too.
labels-empty = No known label yet. Recordings can be labelled all the same.
label-new = New label
label-name = Name
label-hint-name = As it stands on recordings. It cannot be changed later: take it off the list and make another.
label-color = Colour
label-hint-color = A help to the eye; the word is always there.
label-color-none = None
label-color-grey = Grey
label-color-red = Red
label-color-amber = Amber
label-color-green = Green
label-color-blue = Blue
label-color-violet = Violet
label-delete = Take this label off the list …
label-delete-how = Recordings that have it keep it.
label-delete-act = Take { $name } off the list
sorting-saved = Saved.
sorting-deleted = Deleted.

triage-title = Triage
triage-how = Every new recording goes through these rules once, as it becomes ready. It follows all that it meets, in order: the first folder counts, labels and people add up. What people change later stays.
triage-empty = No rule yet. New recordings lie in no folder until somebody puts them into one.
triage-new = New rule
triage-order = Order
triage-rule = Rule
triage-on = On
triage-off = Off
triage-up = Move up: { $name }
triage-down = Move down: { $name }
triage-met = Met
triage-saved = Saved. Recordings that become ready from now on go by it.
triage-name = Name
triage-hint-name = What the recording's page calls it.
triage-enabled = Rule
triage-hint-enabled = A rule that is off is kept, and sorts nothing.
triage-enabled-on = Is on
triage-group-rule = Rule
triage-group-when = Which recordings
triage-group-then = What is done with them
triage-source = Source
triage-hint-source = Live sessions, or files that were sent in.
triage-source-any = Any
triage-source-live = Live sessions
triage-source-upload = Files that were sent in
triage-projects = Projects
triage-hint-projects = None chosen = all of them.
triage-triggers = Started
triage-hint-triggers = What began the recording. None chosen = any way. A file that was sent in was started by nobody.
triage-kind = Kind
triage-hint-kind = Calls have sound; rooms have pictures.
triage-kind-any = Any
triage-kind-choice-call = Calls
triage-kind-choice-room = Rooms
triage-queues = Queues
triage-hint-queues = One a line, as the platform names them. Empty = any, also none.
triage-metadata = Metadata
triage-hint-metadata = One a line, all have to hold: “ticket” (is there), “ticket = T-7” (is exactly this), “ticket contains T-”. Capital letters do not count.
triage-min_duration_ms = At least
triage-hint-min_duration_ms = A length such as 0:30 or 1:00:00.
triage-max_duration_ms = At most
triage-hint-max_duration_ms = A length such as 0:30 or 1:00:00.
triage-folder = Folder
triage-hint-folder = Where they go, unless an earlier rule or somebody gave them a folder.
triage-folder-none = None
triage-labels = Labels
triage-hint-labels = A comma between two.
triage-hint-labels-known = A comma between two. Known: { $names }.
triage-assignees = Assigned to
triage-hint-assignees = Who is to do something about them.
triage-no-people = There is nobody yet: make an agent first.
triage-delete = Delete this rule …
triage-delete-how = Recordings that it sorted stay as they are.
triage-no-length = no length: 0:30, 12:04 or 1:00:00
triage-sentence = { $who } { $what }.
triage-subject-any = All recordings
triage-subject-live = Live recordings
triage-subject-upload = Files that were sent in
triage-kind-call = of calls
triage-kind-room = of rooms
triage-in = in { $names }
triage-started = started { $ways }
triage-way-manual = by hand
triage-way-prompt = by a host's yes
triage-way-auto_first = with the first participant
triage-way-auto_second = with the second participant
triage-way-forced = by force
triage-queue = from the queue { $names }
triage-equals = whose { $key } is “{ $text }”
triage-contains = whose { $key } contains “{ $text }”
triage-there = that have a { $key }
triage-min = of at least { $length }
triage-max = of at most { $length }
triage-goes = go to { $folder }
triage-labelled = { $n ->
    [one] get the label { $labels }
   *[other] get the labels { $labels }
  }
triage-assigned = are assigned to { $names }
triage-or = or
triage-and = and
triage-try-title = Try the rules
triage-try-how = What would become of a recording if it became ready now. Nothing is changed.
triage-try-pick = Recording
triage-try-act = Try
triage-try-none = There is no recording to try them on yet.
triage-try-nothing = It meets no rule: it would be left as it is.
triage-try-folder = Folder
triage-try-labels = Labels
triage-try-people = Assigned to
triage-try-rules = Rules that it meets


sorting-title = Sorting
sorting-name = Title
sorting-folder = Folder
sorting-no-folder = In no folder
sorting-labels = Labels
sorting-assignees = Assigned to
sorting-assign = Assign to …
sorting-nobody = Nobody
sorting-sight = Sight
sorting-restricted = Restricted
sorting-restricted-how = Listed and played only for who has the right to restricted recordings.
sorting-restricted-not = Only who has the right to restricted recordings can change this.
sorting-save = Save
sorting-by-rules = Sorted by triage as it became ready: { $rules }.

fact-ticket = Ticket
fact-customer-email = Customer's e-mail
fact-queue = Queue
fact-access-number = Access number
fact-caller-number = Caller's number
fact-orders = Orders
fact-started-by = How it began
fact-region = Region
fact-hold = Legal hold
fact-hold-yes = Nothing deletes it
facts-customer = Customer and call
facts-file = Recording
started-manual = by hand
started-prompt = by a host's yes to the question
started-auto_first = with the first participant
started-auto_second = with the second participant
started-forced = by force, as the call was answered

notes-changed = Changed { $what }
changed-title = title
changed-folder = folder
changed-labels = labels
changed-assignees = assignees
changed-restricted = restriction
changed-legal_hold = legal hold

act-not-allowed = { $act }: { $why }
act-not-yet = the recording is still being made
act-delete = Delete this recording …
act-delete-how = All of its files go, here and in the store. There is no way back. The audit log keeps that it was deleted, and by whom.
act-delete-sure = Delete it for good

happened-title = What happened
happened-none = Nothing was told of its session.
happened-when = When
happened-place = In the recording
happened-what = What
happened-somebody = Somebody
happened-session-opened = The session began
happened-session-ended = The session ended
happened-participant-joined = { $who } came in
happened-participant-left = { $who } left
happened-participant-erased = Everything that was captured of { $who } was erased
happened-consent-asked = { $who } was asked for consent
happened-prompt-asked = { $who } was asked whether to record
happened-consent-granted = { $who } agreed to be recorded
happened-consent-declined = { $who } declined to be recorded
happened-consent-withdrawn = { $who } withdrew their consent
happened-command = { $who } { $what }
happened-refused = { $who } { $what }: refused. { $why }
happened-recording-started = The recording began
happened-recording-paused = The recording paused
happened-recording-resumed = The recording went on
happened-recording-ended = The recording ended
happened-recording-ready = Everything was stored and read back
happened-recording-erased = What a party declined was taken out of it
happened-recording-failed = It could not be made

sort-open = Sort …
sort-open-delete = Delete …
sort-title = { $n ->
    [one] Sort one recording
   *[other] Sort { $n } recordings
  }
sort-back = Archive
sort-picked = Picked
sort-no-chats = { $n ->
    [one] The chat log that was picked stays as it is: only recordings are sorted.
   *[other] The { $n } chat logs that were picked stay as they are: only recordings are sorted.
  }
sort-folder-stays = As it is
sort-add-labels = Add labels
sort-remove-labels = Take off
sort-assign = Assign to
sort-assign-stays = Nobody else
sort-unassign = Take from
sort-act = Change them
sort-cancel = Cancel
sort-nothing = Nothing was chosen to be changed.
sort-delete = { $n ->
    [one] Delete this recording …
   *[other] Delete these { $n } recordings …
  }
sort-delete-rights = Those that you may not delete stay, and you are told which.
sort-delete-sure = { $n ->
    [one] Delete it for good
   *[other] Delete { $n } recordings for good
  }
sort-refused-title = Not everything could be done
sort-done = { $n ->
    [0] None was changed.
    [one] One was changed.
   *[other] { $n } were changed.
  }
sort-not-done = { $n ->
    [one] One was not; the reason is beside it.
   *[other] { $n } were not; the reasons are beside them.
  }
sort-why = Why not
folders-side = Folders
folders-side-all = All recordings
folders-side-none = In no folder
