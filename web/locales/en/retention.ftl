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
