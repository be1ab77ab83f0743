"""Reports: from recorded runs to a summary, on request or by a schedule.

`periods` says which time is meant, `reading` reads the runs of it, `merging` makes one run of its parts, `computing`
makes the summary. `answering` is what planning calls with a request. `schedules` and `firing` are for those who have
no scheduler of their own. Mails, queues and environment variables are not known here.
"""
