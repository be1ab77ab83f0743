"""Results of a test run: read from JUnit and CTRF reports, placed by CI facts, told as a RunFinished event.

It knows files and formats of test runners, nothing of queues, profiles or mail.
"""
