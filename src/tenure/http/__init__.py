"""What the HTTP APIs of all services are made of, below them.

endpoints    an API as a table: who may call what, and what it takes; the routes follow from it
openapi      the OpenAPI page, from the same table
reading      bodies, paths and queries: bounded, in their declared form
rejections   why a request is turned down
answering    every refusal and failure as an answer with `detail`
guards       who may do what, by the keys that they show
keys         keys: made once, kept in a file, compared
environment  settings, each read by its name
operating    what load balancers and Prometheus ask of every service
serving      a server in this process: its address, and an end that its caller decides
waiting      waiting for news, and answering nonetheless when the server is about to stop
"""
