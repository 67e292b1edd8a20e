using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>
/// An attacker's schedules: grains adopt replicas, give them back, are deactivated while their scheduler hangs with work in it; silos stop and start again with such a
/// replica still alive; leadership is handed over meanwhile. No acknowledged write is lost, none is applied twice, no read is stale, no group stays without an owner.
/// </summary>
public sealed class AdoptionTests
{
    [Fact]
    public void Replicas_that_change_hands_at_any_moment_lose_nothing_and_read_nothing_stale()
    {
        var seed = Random.Shared.Next();
        for (var run = 0; run < 5; run++)
        {
            new Schedule(seed + run).Run();
        }
    }

    private sealed class Schedule(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly MiniCluster _cluster = new();
        private readonly HangingScheduler?[] _grains = new HangingScheduler?[4];
        private long _acknowledged;
        private long _unknown;
        private int _done;

        public void Run()
        {
            for (var step = 0; step < 60; step++)
            {
                Disturb(_random.Next(1, 4), _random.Next(5));
                Write(_random.Next(1, 4));
                Read(_random.Next(1, 4));
            }

            foreach (var grain in _grains)
            {
                grain?.Release();
            }

            for (var silo = 1; silo <= 3; silo++)
            {
                Read(silo);
                Assert.Null(_cluster.Silos[silo].Replica!.Fault);
            }

            Assert.True(_done > 60, $"seed {seed}: only {_done} operations ended well");
        }

        private void Disturb(int silo, int what)
        {
            var replica = _cluster.Silos[silo].Replica!;
            switch (what)
            {
                case 0:
                    // A grain adopts it, perhaps a second activation of the same grain.
                    _grains[silo]?.Release();
                    _grains[silo] = new HangingScheduler(_cluster.Endpoint);
                    replica.MoveTo(_grains[silo]!);
                    break;
                case 1 when _grains[silo] is { } grain:
                    replica.MoveBack(grain, _cluster.Endpoint);
                    break;
                case 2 when _grains[silo] is { } grain && !_grains.Any(other => other is { IsHanging: true }):
                    // At most one hangs, so that there is a majority.
                    grain.IsHanging = true;
                    break;
                case 3:
                    replica.PostHandOver(_ => true, "the test wants it");
                    break;
                case 4:
                    // The stop is posted like everything else: a replica whose scheduler hangs does not hear of it before its successor runs.
                    _cluster.Restart(silo);
                    _grains[silo]?.Release();
                    _grains[silo] = null;
                    break;
            }

            _cluster.Settle();
        }

        private void Write(int silo)
        {
            try
            {
                _cluster.Finish(_cluster.AddAsync(silo, 1));
                _acknowledged++;
                _done++;
            }
            catch (OutcomeUnknownException)
            {
                _unknown++;
            }
            catch (OrleansException)
            {
                // It was not done.
            }
        }

        private void Read(int silo)
        {
            try
            {
                var sum = _cluster.Finish(_cluster.ReadAsync(silo));
                Assert.True(sum >= _acknowledged && sum <= _acknowledged + _unknown, $"seed {seed}: read {sum}, acknowledged {_acknowledged}, unknown {_unknown}");
                _done++;
            }
            catch (OrleansException)
            {
                // Nobody could answer in time: a stuck one may lead until the others notice.
            }
        }
    }

    /// <summary>A grain's scheduler that can hang; what was posted meanwhile runs when it goes on, however late.</summary>
    private sealed class HangingScheduler(IReplicaScheduler under) : IReplicaScheduler
    {
        private readonly Queue<(Action<object?> Action, object? State)> _kept = new();

        public bool IsHanging { get; set; }

        public void Post(Action<object?> action, object? state)
        {
            if (IsHanging)
            {
                _kept.Enqueue((action, state));
            }
            else
            {
                under.Post(action, state);
            }
        }

        public void Release()
        {
            IsHanging = false;
            while (_kept.TryDequeue(out var kept))
            {
                under.Post(kept.Action, kept.State);
            }
        }
    }
}
