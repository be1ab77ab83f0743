"""The path of an event, outward: accept, resolve, plan, fan out, claim, send, settle.

Read `path` first: it composes the whole. It knows neither dramatiq nor Redis; a bell is a function it is given.
"""
