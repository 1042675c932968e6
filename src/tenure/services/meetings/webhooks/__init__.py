"""Webhooks: every change of a meeting's state is posted to the URL that its user named.

lifecycle    one record for each event that is to be posted: the table of its tries
envelope     what is posted, made once and frozen         sending      the tries of one delivery
service      `Webhooks`: the parts put together, and what users ask of them

How one POST is made, guarded and signed stands in `tenure.webhooks`, which all services share.
"""
