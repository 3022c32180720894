"""Share a run's work on one system out in shards: agreed to once, done by several processes, summed up as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estudent.domain.outcome import Remark, Tally, total
from estudent.domain.shard import Shard, ShardSight, allowances, taken_away, with_all_told
from estudent.ports import Journal, Shards
from estudent.services.reconcile import Forecast, Leash


@dataclass(frozen=True, slots=True)
class ShareOut:
    """What the run that shares out does, and what those do that carry a shard out."""

    shards: Shards
    journal: Journal

    def lay_out(
        self, run: str, parts: Sequence[Sequence[int]], forecasts: Sequence[Forecast], let_through: int
    ) -> None:
        """Store the shards of a plan that was agreed to, each with what it may take away; none is empty."""
        may = allowances([forecast.takes_away for forecast in forecasts], let_through)
        system, of = forecasts[0].system, len(parts)
        self.shards.lay_out(
            [
                Shard(run, system, number, of, keys[0], keys[-1], allowed)
                for number, (keys, allowed) in enumerate(zip(parts, may, strict=True), 1)
            ]
        )

    def leash_of(self, shard: Shard) -> Leash:
        """Return the leash for what is left of a shard.

        Repairs in USOS stand in the journal as changes; of those a shard that is taken up may take as many once more.
        """
        return Leash(max(0, shard.allowed - taken_away(self.journal.done(shard))))

    def finish(self, shard: Shard, holder: str, tally: Tally) -> Tally:
        """Note that nothing of a shard is left for this run; return its tally with what others did of it before."""
        whole = with_all_told(tally, self.journal.done(shard))
        self.shards.finish(shard, holder, whole)
        return whole

    def sum_up(self, system: str, sights: Sequence[ShardSight], left: Mapping[int, int]) -> Tally:
        """Return the tally of a system's shards; of unfinished ones, by number, so many students are left."""
        return total(system, [sight.tally if sight.finished else self._lost(sight, left) for sight in sights])

    def _lost(self, sight: ShardSight, left: Mapping[int, int]) -> Tally:
        many = left[sight.shard.number]
        why = f"{sight.shard.name} was lost {sight.takes} times, and {many} of its students were not looked at"
        remark = Remark(sight.shard.system, why, "see the logs of its runs in Prefect; the next run tries again")
        tally = with_all_told(sight.tally, self.journal.done(sight.shard))
        return tally.merge(Tally(sight.shard.system, read=many, failed=max(many, 1), remarks=[remark]))
