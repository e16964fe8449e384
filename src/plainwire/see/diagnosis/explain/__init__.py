"""What `plainwire explain` says: one text for each rule, in English and Chinese.

RULE.en.md, RULE.zh.md          symptom, cause, proof, fix
RULE.before.txt, .after.txt     complete programs: the first shows the symptom, the second works
"""

from plainwire.see.diagnosis.explain.loader import UnknownRuleError, explain, rules, title

__all__ = ["UnknownRuleError", "explain", "rules", "title"]
