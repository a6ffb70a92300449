"""Synthetic data for quality estimation: wrong translations made on purpose, and labelled.

One model translates and is pulled along the reference, so that it strays in places and comes
back; another says how unlikely it finds each word that the reference has not. `pull` and
`labels` are the arithmetic, `networks` the models, `making` the way from segments to rows.
"""
