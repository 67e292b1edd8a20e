using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class RaftGrainStorageTests
{
    private static readonly GrainId Grain = GrainId.Create("cart", "42");
    private readonly FakeRaftGroups _groups = new();

    [Fact]
    public async Task After_a_lost_write_that_was_applied_the_next_write_succeeds()
    {
        var storage = Create();
        var state = await WriteAsync(storage, "one");
        _groups.NextProposal = FakeRaftGroups.Fate.IsAppliedButUnanswered;
        state.State = new Cart("two");
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        state.State = new Cart("three");
        await storage.WriteStateAsync("s", Grain, state);
        Assert.Equal("three", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task After_a_lost_write_that_was_not_applied_the_next_write_succeeds_and_the_late_one_does_not()
    {
        var storage = Create();
        var state = await WriteAsync(storage, "one");
        _groups.NextProposal = FakeRaftGroups.Fate.IsLostForNow;
        state.State = new Cart("two");
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        state.State = new Cart("three");
        await storage.WriteStateAsync("s", Grain, state);
        Assert.All(_groups.InFlight, arrive => arrive());
        Assert.Equal("three", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task A_lost_write_that_arrives_after_a_read_is_no_conflict_for_the_next_write()
    {
        var storage = Create();
        var state = await WriteAsync(storage, "one");
        _groups.NextProposal = FakeRaftGroups.Fate.IsLostForNow;
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        await storage.ReadStateAsync("s", Grain, state);
        Assert.All(_groups.InFlight, arrive => arrive());
        await storage.WriteStateAsync("s", Grain, state);
    }

    [Fact]
    public async Task After_a_lost_write_somebody_elses_write_is_a_conflict()
    {
        var storage = Create();
        var state = await WriteAsync(storage, "one");
        _groups.NextProposal = FakeRaftGroups.Fate.IsLostForNow;
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        var other = await ReadAsync(Create());
        await Create().WriteStateAsync("s", Grain, other);
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Grain, state));
        Assert.Equal(other.ETag, conflict.StoredEtag);
        Assert.Equal(state.ETag, conflict.CurrentEtag);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_lost_clear_that_was_applied_the_next_clear_and_write_succeed(bool delete)
    {
        var storage = Create(options => options.DeleteStateOnClear = delete);
        var state = await WriteAsync(storage, "one");
        _groups.NextProposal = FakeRaftGroups.Fate.IsCancelledAfterApply;
        await Assert.ThrowsAsync<OperationCanceledException>(() => storage.ClearStateAsync("s", Grain, state));
        await storage.ClearStateAsync("s", Grain, state);
        await storage.WriteStateAsync("s", Grain, state);
        Assert.True((await ReadAsync(storage)).RecordExists);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_creation_that_comes_after_a_clear_is_no_conflict_with_oneself_and_none_with_anybody_is_missed(bool isOthers)
    {
        var storage = Create(options => options.DeleteStateOnClear = true);
        var state = new GrainState<Cart>(new Cart("lost"));
        _groups.NextProposal = FakeRaftGroups.Fate.IsLostForNow;
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        await storage.ClearStateAsync("s", Grain, state);
        Assert.False(state.RecordExists);
        if (isOthers)
        {
            await WriteAsync(storage, "somebody else's");
        }

        _groups.InFlight.ForEach(arrives => arrives());
        state.State = new Cart("next");
        if (isOthers)
        {
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Grain, state));
            Assert.Equal("somebody else's", (await ReadAsync(storage)).State!.Text);
        }
        else
        {
            await storage.WriteStateAsync("s", Grain, state);
            Assert.Equal("next", (await ReadAsync(storage)).State!.Text);
        }
    }

    [Fact]
    public async Task A_definite_refusal_leaves_the_ETag_alone()
    {
        var storage = Create();
        var state = await WriteAsync(storage, "one");
        var etag = state.ETag;
        _groups.NextProposal = FakeRaftGroups.Fate.IsRefused;
        await Assert.ThrowsAsync<RaftException>(() => storage.WriteStateAsync("s", Grain, state));
        Assert.Equal(etag, state.ETag);
    }

    [Fact]
    public async Task A_state_that_is_too_large_fails_before_anything_is_proposed()
    {
        var storage = Create(options => options.MaxStateSize = 100);
        var state = new GrainState<Cart>(new Cart(new string('x', 200)));
        var error = await Assert.ThrowsAsync<RaftException>(() => storage.WriteStateAsync("s", Grain, state));
        Assert.Contains("MaxStateSize", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _groups.Applied);
    }

    [Fact]
    public async Task A_state_that_cannot_be_serialized_fails_before_anything_is_proposed()
    {
        var storage = Create();
        await Assert.ThrowsAsync<CodecNotFoundException>(() =>
            storage.WriteStateAsync("s", Grain, new GrainState<object>(new Unserializable())));
        Assert.Equal(0, _groups.Applied);
    }

    [Fact]
    public async Task States_are_serialized_before_the_first_await()
    {
        var storage = Create();
        var state = new GrainState<Cart>(new Cart("at the call"));
        var write = storage.WriteStateAsync("s", Grain, state);
        state.State = new Cart("later");
        await write;
        Assert.Equal("at the call", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task The_catalog_streams_all_states_of_all_groups_in_order()
    {
        using var services = _groups.Services();
        var storage = services.GetRequiredKeyedService<IGrainStorage>("raft");
        for (var i = 499; i >= 0; i--)
        {
            await storage.WriteStateAsync("s", GrainId.Create("cart", $"{i:d3}"), new GrainState<Cart>(new Cart($"value {i:d3}")));
        }

        var cleared = new GrainState<Cart>();
        await storage.ReadStateAsync("s", GrainId.Create("cart", "007"), cleared);
        await storage.ClearStateAsync("s", GrainId.Create("cart", "007"), cleared);

        var found = new List<string>();
        var catalog = services.GetRequiredKeyedService<IRaftStorageCatalog>("raft");
        await foreach (var record in catalog.ReadAllAsync(RaftReadOptions.Linearizable, CancellationToken.None))
        {
            Assert.Equal("s", record.StateName);
            Assert.Equal($"value {record.GrainId.Key}", record.GetState<Cart>()!.Text);
            found.Add(record.GrainId.Key.ToString()!);
        }

        Assert.Equal(Enumerable.Range(0, 500).Where(i => i != 7).Select(i => $"{i:d3}"), found);
    }

    [Fact]
    public async Task The_number_of_groups_is_the_replicated_one_whatever_the_configuration_says()
    {
        var states = Enumerable.Range(0, 100).Select(i => GrainId.Create("cart", $"{i}")).ToList();
        foreach (var groups in new[] { 16, 32, 1 })
        {
            var storage = Create(options => options.Groups = groups);
            foreach (var grain in states)
            {
                var state = new GrainState<Cart>();
                await storage.ReadStateAsync("s", grain, state);
                Assert.Equal(groups != 16, state.RecordExists);
                await storage.WriteStateAsync("s", grain, state);
            }
        }
    }

    [Fact]
    public async Task A_write_that_could_not_even_learn_its_group_has_definitely_not_happened()
    {
        var storage = Create();
        _groups.CountFails = true;
        var state = new GrainState<Cart>(new Cart("x"));
        await Assert.ThrowsAsync<RaftException>(() => storage.WriteStateAsync("s", Grain, state));
        Assert.Null(state.ETag);
        _groups.CountFails = false;
        await storage.WriteStateAsync("s", Grain, state);
    }

    private static async Task<GrainState<Cart>> WriteAsync(IGrainStorage storage, string text)
    {
        var state = new GrainState<Cart>(new Cart(text));
        await storage.WriteStateAsync("s", Grain, state);
        return state;
    }

    private static async Task<GrainState<Cart>> ReadAsync(IGrainStorage storage)
    {
        var state = new GrainState<Cart>();
        await storage.ReadStateAsync("s", Grain, state);
        return state;
    }

    private IGrainStorage Create(Action<RaftGrainStorageOptions>? configure = null) =>
        _groups.Services(configure).GetRequiredKeyedService<IGrainStorage>("raft");

    private sealed class Unserializable
    {
    }
}
