"""Where the wall time of a process of the suite goes: in our code, or in the framework under test.

A thread looks at the main thread's stack fifty times a second (`sampling`) and books the time since it last looked
on one of a few accounts (`accounts`). So the accounts add up to the wall time, and nothing in the suite has a hook.
"""
