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

