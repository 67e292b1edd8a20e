using System.Diagnostics.Metrics;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>A backing storage that is slow or fails delays its own replica only: its silo hands leadership over, and reads go elsewhere (SAFETY-RULES A4, A5, B7).</summary>
[Collection(nameof(BackedCluster))]
public sealed class SlowBackingTests(BackedCluster cluster)
{
    [Theory]
    [InlineData("hangs")]
    [InlineData("fails")]
    public async Task A_leader_whose_backing_storage_does_not_take_rows_hands_over_and_nothing_is_lost(string how)
    {
        var states = Enumerable.Range(0, 5).Select(_ => new GrainState<Cart>()).ToArray();
        for (var number = 0; number < states.Length; number++)
        {
            await cluster.WriteAsync(0, how, number, states[number], $"before {number}");
        }

        var held = await cluster.LeaderAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (how == "hangs")
        {
            cluster.Backing(held).Gate = gate.Task;
        }
        else
        {
            cluster.Backing(held).Failures = int.MaxValue;
        }

        using var failures = new Failures();
        for (var number = 0; number < states.Length; number++)
        {
            await cluster.WriteAsync((held + 1) % 3, how, number, states[number], $"after {number}");
        }

        // Other groups of the same silos don't wait for it.
        var free = new GrainState<Cart>(new Cart("free"));
        await cluster.Storage(held, BackedCluster.Plain).WriteStateAsync("s", BackedCluster.Grain(how, 0), free);
        await cluster.Storage(held, BackedCluster.Plain).ReadStateAsync("s", BackedCluster.Grain(how, 0), free);
        Assert.Equal("free", free.State!.Text);

        await Until.AsyncTrue(() => Task.FromResult(cluster.Leaders()), leaders => leaders.Count == 1 && leaders[0] != held);
        Assert.True(how == "hangs" || failures.Count > 0);
        for (var number = 0; number < states.Length; number++)
        {
            // Through the very silo that is held up, whose own replica does not know of it yet.
            Assert.Equal($"after {number}", await cluster.ReadAsync(held, how, number));
            Assert.NotEqual(states[number].ETag, cluster.RowVersion(held, how, number));
        }

        gate.TrySetResult();
        cluster.Backing(held).Failures = 0;
        for (var number = 0; number < states.Length; number++)
        {
            await Until.AsyncTrue(() => Task.FromResult(cluster.RowVersion(held, how, number)), version => version == states[number].ETag);
        }
    }

    [Fact]
    public async Task A_backed_follower_that_gets_a_snapshot_fetches_the_payloads_and_answers_from_them()
    {
        var states = Enumerable.Range(0, 20).Select(_ => new GrainState<Cart>()).ToArray();
        for (var number = 0; number < states.Length; number++)
        {
            await cluster.WriteAsync(0, "installed", number, states[number], $"old {number}");
        }

        await Until.AsyncTrue(() => Task.FromResult(cluster.RowVersion(2, "installed", 19)), version => version == states[19].ETag);
        var generation = cluster.Replica(2).Place!.Generation;
        await cluster.Silos.StopAsync(2);

        // Until neither of the others has the log that it lacks.
        var lacks = long.Parse(states[19].ETag!.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture) + 1;
        for (var turn = 0; Enumerable.Range(0, 2).Any(silo => cluster.Runtime(silo).Log!.Reader.FirstIndex <= lacks); turn++)
        {
            for (var number = 0; number < states.Length; number++)
            {
                await cluster.WriteAsync(turn % 2, "installed", number, states[number], $"{turn} {number}");
            }
        }

        await cluster.Silos.StartAsync(2);
        await Until.AsyncTrue(() => Task.FromResult(cluster.Replica(2).Place!.Generation), now => now > generation);
        for (var number = 0; number < states.Length; number++)
        {
            Assert.Equal(states[number].State!.Text, await cluster.ReadAsync(2, "installed", number));
            await Until.AsyncTrue(() => Task.FromResult(cluster.RowVersion(2, "installed", number)), version => version == states[number].ETag);
        }

        // And what the replaced generation had left is gone.
        var old = $"-{cluster.Replica(2).Id.Value}-{generation}-";
        await Until.AsyncTrue(() => Task.FromResult(cluster.Backing(2).Rows.Keys.Count(key => key.Key.ToString()!.Contains(old, StringComparison.Ordinal))), left => left == 0);
    }

    /// <summary>Listens to the meter for failures of backing storages.</summary>
    private sealed class Failures : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public Failures()
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "orleans-raft-backing-failures")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _count, value));
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
