"""English: the Chinese of templates and code is the key, `translations/en` its English. Nothing is marked in templates.

`runs` cuts templates into messages, `environment` compiles them a second time, `catalogue` looks up, `choice` says which
language a page is in, `messages` gathers every text of the program into the catalogue. Code says a sentence with values by
`core.saying.say`, and a table of words that are other words in its context (the log, letters) by `core.saying.within`.
Papers, letters, agreements and exports stay Chinese: they are filed, sealed or signed as they are.
"""
