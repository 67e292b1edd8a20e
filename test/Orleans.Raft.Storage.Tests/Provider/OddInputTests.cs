using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Names, keys, states and answers that nobody expects: refused before anything is done, or kept as they are.</summary>
public sealed class OddInputTests
{
    private static readonly GrainId Grain = GrainId.Create("cart", "42");
    private readonly FakeRaftGroups _groups = new();

    [Fact]
    public async Task An_answer_that_cannot_be_read_leaves_the_outcome_unknown_and_the_next_write_succeeds()
    {
        var storage = Create();
        var state = new GrainState<Cart>(new Cart("one"));
        await storage.WriteStateAsync("s", Grain, state);
        _groups.NextProposal = FakeRaftGroups.Fate.IsAppliedAndGarbled;
        state.State = new Cart("two");
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => storage.WriteStateAsync("s", Grain, state));
        state.State = new Cart("three");
        await storage.WriteStateAsync("s", Grain, state);
        Assert.Equal("three", (await ReadAsync(storage, "s", Grain))!.Text);
    }

    [Fact]
    public async Task A_clear_whose_new_state_cannot_be_made_fails_before_anything_is_proposed()
    {
        var state = new GrainState<Moody>(null!);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Create().ClearStateAsync("s", Grain, state));
        Assert.Equal(0, _groups.Applied);
    }

    // Halves of surrogate pairs: replaced by one character they would be one name.
    [Fact]
    public async Task State_names_that_are_no_text_are_refused_before_anything_is_proposed()
    {
        foreach (var half in new[] { 0xD800, 0xD801, 0xDC00 })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Create().WriteStateAsync($"s{(char)half}", Grain, new GrainState<Cart>(new Cart("x"))));
        }

        Assert.Equal(0, _groups.Applied);
    }

    [Fact]
    public async Task Keys_and_names_longer_than_two_bytes_can_say_are_refused_before_anything_is_proposed()
    {
        var storage = Create();
        var state = new GrainState<Cart>(new Cart("x"));
        var longest = new string('k', ushort.MaxValue);
        await Assert.ThrowsAsync<ArgumentException>(() => storage.WriteStateAsync("s", GrainId.Create("cart", longest + "k"), state));
        await Assert.ThrowsAsync<ArgumentException>(() => storage.WriteStateAsync("s", GrainId.Create(longest + "k", "1"), state));
        await Assert.ThrowsAsync<ArgumentException>(() => storage.WriteStateAsync(longest + "k", Grain, state));
        Assert.Equal(0, _groups.Applied);

        await storage.WriteStateAsync("s", GrainId.Create("cart", longest), state);
        Assert.Equal("x", (await ReadAsync(storage, "s", GrainId.Create("cart", longest)))!.Text);
    }

    [Fact]
    public async Task Keys_of_any_bytes_are_kept_apart()
    {
        var storage = Create();
        byte[][] keys = [[0], [0, 0], [0xff], [0xff, 0xfe], [0xed, 0xa0, 0x80], [0xed, 0xa0, 0x81], [0xc3], .. Enumerable.Range(1, 255).Select(i => new[] { (byte)7, (byte)i })];
        foreach (var key in keys)
        {
            await storage.WriteStateAsync("s", IdOf(key), new GrainState<Cart>(new Cart(Convert.ToHexString(key))));
        }

        foreach (var key in keys)
        {
            Assert.Equal(Convert.ToHexString(key), (await ReadAsync(storage, "s", IdOf(key)))!.Text);
        }

        static GrainId IdOf(byte[] key) => GrainId.Create(GrainType.Create("cart"), new IdSpan(key));
    }

    // What one pair of names ends with and the other begins with must not be told apart by a separator.
    [Fact]
    public async Task Names_whose_parts_could_be_cut_elsewhere_are_kept_apart()
    {
        var storage = Create();
        (string Type, string Key, string State)[] names =
            [("a", "b", "c"), ("ab", "x", "c"), ("a", "bx", "c"), ("a", "b", ""), ("a", "bc", ""), ("a/b", "c", "d"), ("a", "b/c", "d"), ("a", "b", "c/d"), ("a", "x", "bc"), ("A", "b", "c")];
        foreach (var (type, key, state) in names)
        {
            await storage.WriteStateAsync(state, GrainId.Create(type, key), new GrainState<Cart>(new Cart($"{type}|{key}|{state}")));
        }

        foreach (var (type, key, state) in names)
        {
            Assert.Equal($"{type}|{key}|{state}", (await ReadAsync(storage, state, GrainId.Create(type, key)))!.Text);
        }
    }

    [Fact]
    public async Task A_state_of_no_bytes_exists()
    {
        var storage = Create(new NothingSerializer());
        var state = new GrainState<Cart>(new Cart("x"));
        await storage.WriteStateAsync("s", Grain, state);
        var read = new GrainState<Cart>();
        await storage.ReadStateAsync("s", Grain, read);
        Assert.True(read.RecordExists);
        Assert.Equal(state.ETag, read.ETag);
        Assert.NotNull(read.State);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Grain, new GrainState<Cart>(new Cart("y"))));
    }

    [Fact]
    public async Task A_read_that_the_serializer_cannot_take_leaves_the_callers_state_as_it_was()
    {
        var state = new GrainState<Cart>(new Cart("mine"));
        await Create().WriteStateAsync("s", Grain, state);
        var etag = state.ETag;
        await Assert.ThrowsAsync<FormatException>(() => Create(new NothingSerializer { FailsToRead = true }).ReadStateAsync("s", Grain, state));
        Assert.Equal(("mine", etag, true), (state.State!.Text, state.ETag, state.RecordExists));
    }

    private static async Task<Cart?> ReadAsync(IGrainStorage storage, string name, GrainId grain)
    {
        var state = new GrainState<Cart>();
        await storage.ReadStateAsync(name, grain, state);
        return state.State;
    }

    private IGrainStorage Create(IGrainStorageSerializer? serializer = null) =>
        _groups.Services(options => options.GrainStorageSerializer = serializer ?? options.GrainStorageSerializer).GetRequiredKeyedService<IGrainStorage>("raft");

    public sealed class Moody
    {
        public Moody() => throw new InvalidOperationException("not today");
    }

    private sealed class NothingSerializer : IGrainStorageSerializer
    {
        public bool FailsToRead { get; init; }

        public BinaryData Serialize<T>(T? input) => new(Array.Empty<byte>());

        public T? Deserialize<T>(BinaryData input) => FailsToRead ? throw new FormatException("no") : default;
    }
}
