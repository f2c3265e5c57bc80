"""StatusShare (状态共享): single values of a referred member that their owner keeps the other county informed of."""
