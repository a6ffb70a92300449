"""How good judges and translations are: figures, intervals, audits and reports."""
