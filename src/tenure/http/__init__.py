"""What the HTTP APIs of all services are made of, below them.

endpoints    an API as a table: who may call what, and what it takes; the routes follow from it
openapi      the OpenAPI page, from the same table
reading      bodies, paths and queries: bounded, in their declared form
rejections   why a request is turned down
answering    every refusal and failure as an answer with `detail`
"""
