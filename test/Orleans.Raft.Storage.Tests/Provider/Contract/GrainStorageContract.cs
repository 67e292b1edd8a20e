using Orleans.Runtime;
using Orleans.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Provider.Contract;

/// <summary>
/// What every grain storage provider promises, as tests: run against ours in all its configurations, and against Orleans' memory provider to show that the
/// suite asks nothing of its own invention.
/// </summary>
public abstract class GrainStorageContract(ITestOutputHelper output)
{
    private static readonly string Life = Guid.NewGuid().ToString("N")[..8];
    private static int _grains;

    /// <summary>True where a clear removes the record, so that the ETag is null afterwards; else a tombstone has a new one.</summary>
    protected virtual bool ClearRemovesTheRecord => false;

    /// <summary>True where an ETag that is passed for a state which was never stored is a conflict. The memory provider lets it pass.</summary>
    protected virtual bool AnETagOfNothingConflicts => true;

    /// <summary>Steps of a generated sequence, and how many of them.</summary>
    protected virtual (int Sequences, int Steps) Generated => (60, 120);

    /// <summary>The provider under test.</summary>
    protected abstract Task<IGrainStorage> StorageAsync();

    [Fact]
    public async Task A_state_that_was_never_written_reads_as_new_without_record_and_ETag()
    {
        var state = new GrainState<Cart>(new Cart("left over"), "left over") { RecordExists = true };
        await (await StorageAsync()).ReadStateAsync("s", NewGrain(), state);
        Assert.Equal(new Cart(), state.State);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task What_is_written_is_read_back_with_its_ETag()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var written = new GrainState<Cart>(new Cart("apples"));
        await storage.WriteStateAsync("s", grain, written);
        Assert.NotNull(written.ETag);
        Assert.True(written.RecordExists);
        var read = await ReadAsync(storage, grain);
        Assert.Equal(("apples", written.ETag, true), (read.State!.Text, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Every_write_gives_a_new_ETag_even_of_the_same_content()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var state = new GrainState<Cart>(new Cart("same"));
        var etags = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            await storage.WriteStateAsync("s", grain, state);
            Assert.True(etags.Add(state.ETag!), $"write {i} gave the ETag {state.ETag} again");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task A_write_without_ETag_over_a_record_is_a_conflict_that_names_both(string? etag)
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var written = new GrainState<Cart>(new Cart("first"));
        await storage.WriteStateAsync("s", grain, written);
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() =>
            storage.WriteStateAsync("s", grain, new GrainState<Cart>(new Cart("second"), etag)));
        Assert.Equal(written.ETag, conflict.StoredEtag);
        Assert.Equal(string.IsNullOrEmpty(etag), string.IsNullOrEmpty(conflict.CurrentEtag));
        Assert.Equal("first", (await ReadAsync(storage, grain)).State!.Text);
    }

    [Fact]
    public async Task A_write_or_clear_with_an_old_ETag_is_a_conflict_and_changes_nothing()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var state = new GrainState<Cart>(new Cart("first"));
        await storage.WriteStateAsync("s", grain, state);
        var old = state.ETag;
        state.State = new Cart("second");
        await storage.WriteStateAsync("s", grain, state);
        var stale = new GrainState<Cart>(new Cart("third"), old) { RecordExists = true };
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", grain, stale));
        Assert.Equal(old, stale.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("s", grain, stale));
        var read = await ReadAsync(storage, grain);
        Assert.Equal(("second", state.ETag), (read.State!.Text, read.ETag));
    }

    [Fact]
    public async Task An_ETag_for_a_state_that_was_never_stored_is_a_conflict()
    {
        if (AnETagOfNothingConflicts)
        {
            var storage = await StorageAsync();
            await Assert.ThrowsAsync<InconsistentStateException>(() =>
                storage.WriteStateAsync("s", NewGrain(), new GrainState<Cart>(new Cart("x"), "made up")));
            await Assert.ThrowsAsync<InconsistentStateException>(() =>
                storage.ClearStateAsync("s", NewGrain(), new GrainState<Cart>(new Cart("x"), "made up")));
        }
    }

    [Fact]
    public async Task Clearing_before_writing_and_twice_is_allowed_and_leaves_no_record()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var state = new GrainState<Cart>(new Cart("never stored"));
        await storage.ClearStateAsync("s", grain, state);
        await storage.ClearStateAsync("s", grain, state);
        Assert.Equal(new Cart(), state.State);
        Assert.False(state.RecordExists);
        Assert.Equal(ClearRemovesTheRecord, state.ETag is null);
        var read = await ReadAsync(storage, grain);
        Assert.Equal((new Cart(), state.ETag, false), (read.State, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task After_a_clear_the_state_reads_as_new_and_can_be_written_again()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var state = new GrainState<Cart>(new Cart("first"));
        await storage.WriteStateAsync("s", grain, state);
        var beforeClear = state.ETag;
        await storage.ClearStateAsync("s", grain, state);
        Assert.Equal((new Cart(), false, ClearRemovesTheRecord), (state.State, state.RecordExists, state.ETag is null));
        await Assert.ThrowsAsync<InconsistentStateException>(() =>
            storage.WriteStateAsync("s", grain, new GrainState<Cart>(new Cart("x"), beforeClear)));
        state.State = new Cart("second");
        await storage.WriteStateAsync("s", grain, state);
        Assert.Equal("second", (await ReadAsync(storage, grain)).State!.Text);
    }

    [Fact]
    public async Task State_names_and_grains_are_kept_apart()
    {
        var storage = await StorageAsync();
        var grains = new[] { NewGrain(), NewGrain() };
        foreach (var grain in grains)
        {
            foreach (var name in new[] { "s", "t", "st" })
            {
                await storage.WriteStateAsync(name, grain, new GrainState<Cart>(new Cart($"{grain} {name}")));
            }
        }

        foreach (var grain in grains)
        {
            foreach (var name in new[] { "s", "t", "st" })
            {
                Assert.Equal($"{grain} {name}", (await ReadAsync(storage, grain, name)).State!.Text);
            }
        }
    }

    [Fact]
    public async Task Odd_and_long_names_and_keys_work()
    {
        var storage = await StorageAsync();
        foreach (var key in new[] { "a/b+c|d", "ключ-鍵-🔑", new string('k', 1000), " ", "a\nb" })
        {
            var grain = GrainId.Create("cart", key + Life);
            await storage.WriteStateAsync("state with spaces / ☃", grain, new GrainState<Cart>(new Cart(key)));
            Assert.Equal(key, (await ReadAsync(storage, grain, "state with spaces / ☃")).State!.Text);
        }
    }

    [Fact]
    public async Task Of_many_writers_with_one_ETag_exactly_one_wins()
    {
        var (storage, grain) = (await StorageAsync(), NewGrain());
        var first = new GrainState<Cart>(new Cart("first"));
        await storage.WriteStateAsync("s", grain, first);
        var wins = await Task.WhenAll(Enumerable.Range(0, 16).Select(async writer =>
        {
            try
            {
                await storage.WriteStateAsync("s", grain, new GrainState<Cart>(new Cart($"writer {writer}"), first.ETag));
                return $"writer {writer}";
            }
            catch (InconsistentStateException)
            {
                return null;
            }
        }));
        Assert.Equal(Assert.Single(wins, win => win is not null), (await ReadAsync(storage, grain)).State!.Text);
    }

    [Fact]
    public async Task Generated_sequences_agree_with_the_model()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var storage = await StorageAsync();

        // In parallel, each on a grain of its own: they must not disturb each other.
        await Task.WhenAll(Enumerable.Range(0, Generated.Sequences).Select(number =>
            Task.Run(() => new ModelRun(storage, NewGrain(), new Random(seed + number), ClearRemovesTheRecord).RunAsync(Generated.Steps))));
    }

    private static async Task<GrainState<Cart>> ReadAsync(IGrainStorage storage, GrainId grain, string stateName = "s")
    {
        var state = new GrainState<Cart>();
        await storage.ReadStateAsync(stateName, grain, state);
        return state;
    }

    private static GrainId NewGrain() => GrainId.Create("cart", $"{Life}-{Interlocked.Increment(ref _grains)}");

    /// <summary>Several holders of one state, each with the ETag it saw last, against what must then be stored.</summary>
    private sealed class ModelRun(IGrainStorage storage, GrainId grain, Random random, bool clearRemoves)
    {
        private readonly GrainState<Cart>[] _holders = [.. Enumerable.Range(0, 3).Select(_ => new GrainState<Cart>(new Cart()))];
        private (string? ETag, bool Exists, string Text) _stored = (null, false, string.Empty);

        public async Task RunAsync(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                var holder = _holders[random.Next(_holders.Length)];
                switch (random.Next(10))
                {
                    case < 4:
                        holder.State = new Cart($"step {step}");
                        await ChangeAsync(holder, step, () => storage.WriteStateAsync("s", grain, holder), exists: true);
                        break;
                    case < 6:
                        await ChangeAsync(holder, step, () => storage.ClearStateAsync("s", grain, holder), exists: false);
                        break;
                    default:
                        await storage.ReadStateAsync("s", grain, holder);
                        Assert.Equal(_stored, (holder.ETag, holder.RecordExists, holder.State!.Text));
                        break;
                }
            }
        }

        private async Task ChangeAsync(GrainState<Cart> holder, int step, Func<Task> change, bool exists)
        {
            var (etag, text) = (holder.ETag, holder.State!.Text);
            if (etag == _stored.ETag)
            {
                await change();
                Assert.NotEqual(exists || !clearRemoves, holder.ETag is null);
                Assert.True(holder.ETag is null || holder.ETag != etag, $"step {step}: the ETag {etag} was given again");
                Assert.Equal(exists, holder.RecordExists);
                _stored = (holder.ETag, exists, exists ? text : string.Empty);
            }
            else
            {
                await Assert.ThrowsAsync<InconsistentStateException>(change);
                Assert.Equal(etag, holder.ETag);
            }
        }
    }
}
