### Retention and legal holds.

set-retention_months = Kept for
set-hint-retention_months = Calendar months from a recording’s beginning. Then it is deleted with all its files, for good, unless a legal hold lies on it.
unit-retention_months = { $n ->
    [one] 1 month
   *[other] { $n } months
}
unit-retention_months-after = months
set-retention_days_live = Live recordings at most
set-hint-retention_days_live = Days that recordings of calls and rooms are kept in every project. The shorter of months and days counts.
unit-retention_days_live = { $n ->
    [one] 1 day
   *[other] { $n } days
}
unit-retention_days_live-after = days
set-retention_days_upload = Recordings that were sent in at most
set-hint-retention_days_upload = As above, for uploads.
unit-retention_days_upload = { $n ->
    [one] 1 day
   *[other] { $n } days
}
unit-retention_days_upload-after = days
set-time_zone = Time zone
set-hint-time_zone = In which days and months are counted. A name such as Europe/Oslo or America/New_York.

tab-retention = Retention
retention-title = Retention
retention-how = What is deleted when, by the settings as they are now. Days and months are counted in { $zone }. What is deleted does not come back.
retention-set = Change how long recordings are kept
retention-saved = Saved.
retention-when = What goes when
retention-project = Project
retention-kept = Kept for
retention-within = { $n ->
    [one] Today
   *[other] Within { $n } days
}
retention-held = Held
retention-days-live = { $n ->
    [one] live at most 1 day
   *[other] live at most { $n } days
}
retention-days-upload = { $n ->
    [one] sent in at most 1 day
   *[other] sent in at most { $n } days
}
retention-next = First to go
retention-none = Nothing is due within 90 days.
retention-shown = { $shown } of { $total } within 90 days, those under a hold left out.
retention-due = Goes
retention-would = Would go
retention-recording = Recording of
retention-source = Came
retention-why = Because of
retention-by-months = its project’s months
retention-by-days = the workspace’s days
retention-kept-by-holds = Kept by a hold
retention-holds = Holds

holds-title = Legal holds
holds-how = What a hold covers is deleted neither by itself nor by hand. What a participant declined is erased all the same.
holds-none = No hold is in force.
hold-new = New legal hold
hold-group = What it covers, and why
hold-make = Lay the hold
hold-name = Name
hold-hint-name = What people call it.
hold-reason = Reason
hold-hint-reason = Kept in the audit log for good: name no customer.
hold-recordings = Recordings
hold-hint-recordings = Ids or addresses of recordings, one a line. Or say below what recordings are like.
hold-project = Project
hold-hint-project = Everything that is said from here on has to fit. Recordings that are made later are covered too.
hold-agent = Agent
hold-hint-agent = The agent’s name.
hold-customer = Customer
hold-hint-customer = A telephone number, with or without its country, or an e-mail address.
hold-session = Session
hold-hint-session = The session’s id.
hold-from = From
hold-hint-from = The first day, as 2026-01-31.
hold-to = To
hold-hint-to = The last day, as 2026-01-31.
hold-named = { $n ->
    [one] 1 recording by its id
   *[other] { $n } recordings by their ids
}
hold-count = { $n ->
    [one] covers 1 recording
   *[other] covers { $n } recordings
}
hold-covers-project = project { $value }
hold-covers-agent = agent { $value }
hold-covers-customer = customer { $value }
hold-covers-session = session { $value }
hold-covers-from = from { $value }
hold-covers-to = before { $value }
hold-made = Laid by { $by }, { $at }
hold-released = released
hold-released-by = Released by { $by }, { $at }: { $why }
hold-release = Release this hold …
hold-release-why = Why it is released
hold-release-how = What nothing else holds is deleted when it is due, or soon if it is overdue.
hold-release-sure = Release { $name }
