"""stub"""
from sim.world import World
Columns = dict
class Record:
    def __init__(self, w): pass
    def take(self, w): pass
def make_tables(*a): return {}
