### The archive: search, filters, the list.
nav-archive = Archive
archive-title = Archive
archive-search = Search the archive
archive-search-hint = Name, number, e-mail, ticket, title, label, id …
archive-search-act = Search
archive-filters = Filters
archive-filter-q = Search
archive-filter-from = From
archive-filter-to = To
archive-filter-project = Project
archive-filter-agent = Agent
archive-filter-queue = Queue
archive-filter-number = Number, or its end
archive-filter-email = Customer’s e-mail
archive-filter-label = Label
archive-filter-folder = Folder
archive-filter-assignee = Assigned to
archive-filter-source = Source
archive-filter-state = State
archive-filter-longer = Longer than, minutes
archive-filter-shorter = Shorter than, minutes
archive-filter-order = Order
archive-filter-session = Session
archive-filter-external_id = Platform’s id
archive-filter-restricted = Restricted
archive-source-live = Live
archive-source-upload = Upload
archive-folder-none = no folder
archive-chips = Filters that are set
archive-chip-q = “{ $value }”
archive-chip-from = from { $value }
archive-chip-to = up to { $value }
archive-chip-project = project is { $value }
archive-chip-agent = agent is { $value }
archive-chip-queue = queue is { $value }
archive-chip-number = number ends in { $value }
archive-chip-email = customer is { $value }
archive-chip-label = label is { $value }
archive-chip-folder = in { $value }
archive-chip-assignee = assigned to { $value }
archive-chip-source = source is { $value }
archive-chip-state = state is { $value }
archive-chip-longer = longer than { $value } min
archive-chip-shorter = shorter than { $value } min
archive-chip-order = order is { $value }
archive-chip-session = session is { $value }
archive-chip-external_id = platform’s id is { $value }
archive-chip-restricted = restricted is { $value }
archive-clear = Show everything
archive-wrong = { $field }: { $why }
archive-page-gone = This page of the list is not there any more. Take a filter away, or begin at the first page.
archive-none = No recording that you may see fits all of this.
archive-none-how = Words are found by their beginnings, numbers by their end too. Take a filter away, or
archive-no-more = There is nothing more.
archive-empty = Nothing has been recorded yet that you may see.
archive-empty-how = Calls and rooms are listed here from their first second. A video or sound file that you have becomes a recording too:
archive-empty-upload = Send a file
archive-more = Show more
archive-col-pick = Pick
archive-col-queue = Queue
archive-col-customer = Customer
archive-col-sorted = Folder and labels
archive-restricted = Restricted
archive-held = Legal hold
archive-pick = Pick the recording { $name }
archive-pick-chat = Pick the chat log of { $name }
archive-kinds = What is listed
archive-kind-recordings = Recordings
archive-kind-chats = Chat logs
archive-col-lines = Lines
archive-no-chats = There is no chat log yet that you may see.
archive-no-chats-how = A platform attaches the chat of a session by the API; it is listed here and beside the session’s recordings.
archive-no-chats-so = No chat log that you may see fits all of this.
chat-log = Chat log
chat-recordings = Recorded
chat-no-recordings = Nothing of its session
chat-barred = Reading chat logs is not among your rights.
archive-picked-bar = What to do with what is picked
archive-pick-hint = Pick up to { $most } recordings and chat logs to do something with them.
archive-picked = { $n ->
    [one] 1 recording picked
   *[other] { $n } recordings picked
}
archive-picked-chats = { $n ->
    [one] 1 chat log picked
   *[other] { $n } chat logs picked
}
archive-picked-both = { $recordings ->
    [one] 1 recording
   *[other] { $recordings } recordings
} and { $chats ->
    [one] 1 chat log
   *[other] { $chats } chat logs
} picked
archive-picked-most = { $picked }, the most there can be
archive-pick-clear = Pick none
archive-found = { $n ->
    [0] Nothing found
    [one] 1 recording found
   *[other] { $n } recordings found
}
archive-found-chats = { $n ->
    [0] Nothing found
    [one] 1 chat log found
   *[other] { $n } chat logs found
}
archive-found-more = The newest { $n } of what was found
archive-search-failed = The list could not be fetched. What is shown may be old.
archive-filter-sel = Selection
archive-chip-sel = what a colleague picked
