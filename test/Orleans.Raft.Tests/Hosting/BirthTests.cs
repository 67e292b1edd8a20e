using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class BirthTests
{
    private static readonly string[] Names = ["s1", "s2", "s3"];
    private readonly Dictionary<string, Silo> _silos = [];

    public BirthTests()
    {
        foreach (var name in Names)
        {
            Add(name, Names);
        }
    }

    [Fact]
    public async Task The_first_silo_writes_the_genesis_when_all_have_answered_fresh_and_the_others_copy_it()
    {
        Assert.Contains("s1", (await _silos["s2"].AskAsync()).WaitsFor, StringComparison.Ordinal);
        var first = await _silos["s1"].BeBornAsync();
        Assert.True(first.IsNew);
        var second = await _silos["s2"].BeBornAsync();
        Assert.False(second.IsNew);
        Assert.Equal(first.Genesis!.Incarnation, second.Genesis!.Incarnation);
        Assert.True(_silos["s2"].Clerk.IsFounder(second.Genesis));
    }

    [Theory]
    [InlineData("s2")]
    [InlineData("s3")]
    public async Task Nothing_is_born_while_one_initial_silo_does_not_answer(string absent)
    {
        _silos[absent].IsUp = false;
        var outcome = await _silos["s1"].AskAsync();
        Assert.Null(outcome.Genesis);
        Assert.Contains(absent, outcome.WaitsFor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_of_three_that_lost_their_disks_never_make_a_second_history()
    {
        await BeBornAllAsync();
        Wipe("s1");
        Wipe("s2");

        // With the third cut off they wait; with it back they find the genesis and see that they are no founders of it any more.
        _silos["s3"].IsUp = false;
        Assert.Null((await _silos["s1"].AskAsync()).Genesis);
        Assert.Null((await _silos["s2"].AskAsync()).Genesis);
        _silos["s3"].IsUp = true;
        foreach (var wiped in (string[])["s1", "s2"])
        {
            var outcome = await _silos[wiped].AskAsync();
            Assert.False(outcome.IsNew);
            Assert.Equal(_silos["s3"].Genesis!.Incarnation, outcome.Genesis!.Incarnation);
            Assert.False(_silos[wiped].Clerk.IsFounder(outcome.Genesis));
        }
    }

    [Fact]
    public async Task The_first_silo_wiped_right_after_the_birth_does_not_write_another_genesis()
    {
        await _silos["s1"].BeBornAsync();
        await _silos["s2"].BeBornAsync();
        Wipe("s1");
        var outcome = await _silos["s1"].AskAsync();
        Assert.False(outcome.IsNew);
        Assert.False(_silos["s1"].Clerk.IsFounder(outcome.Genesis!));

        // The third, which had not copied it yet, is a founder all the same and makes a majority with the second.
        var third = await _silos["s3"].BeBornAsync();
        Assert.True(_silos["s3"].Clerk.IsFounder(third.Genesis!));
        Assert.Equal(_silos["s2"].Genesis!.Incarnation, third.Genesis!.Incarnation);
    }

    [Fact]
    public async Task A_silo_wiped_before_the_genesis_was_copied_by_anybody_else_makes_no_second_cluster_of_the_first()
    {
        await _silos["s1"].BeBornAsync();
        Wipe("s2");
        var outcome = await _silos["s2"].AskAsync();
        Assert.Equal(_silos["s1"].Genesis!.Incarnation, outcome.Genesis!.Incarnation);
        Assert.False(_silos["s2"].Clerk.IsFounder(outcome.Genesis));
    }

    [Fact]
    public async Task Different_initial_silos_are_never_born_together()
    {
        Add("s2", ["s1", "s2", "s4"]);
        Add("s4", ["s1", "s2", "s4"]);
        foreach (var silo in _silos.Values)
        {
            Assert.Null((await silo.AskAsync()).Genesis);
        }

        Assert.Contains("other RaftOptions.InitialSilos", (await _silos["s1"].AskAsync()).WaitsFor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copied_directory_is_noticed_before_the_birth()
    {
        _silos["s3"].Store = _silos["s2"].Store;
        Assert.Contains("copied", (await _silos["s1"].AskAsync()).WaitsFor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_is_no_initial_silo_joins_what_it_finds_and_founds_nothing()
    {
        Add("s4", Names);
        Assert.Null((await _silos["s4"].AskAsync()).Genesis);
        await BeBornAllAsync();
        var outcome = await _silos["s4"].AskAsync();
        Assert.False(outcome.IsNew);
        Assert.False(_silos["s4"].Clerk.IsFounder(outcome.Genesis!));
    }

    [Fact]
    public async Task Without_initial_silos_a_silo_is_born_alone_only_if_membership_shows_nobody_else()
    {
        _silos.Clear();
        Add("a", []);
        _silos["a"].Others = null;
        Assert.Null((await _silos["a"].AskAsync()).Genesis);
        _silos["a"].Others = ["b"];
        Add("b", []);
        _silos["b"].Others = ["a"];
        Assert.Contains("InitialSilos", (await _silos["a"].AskAsync()).WaitsFor, StringComparison.Ordinal);

        _silos["a"].Others = [];
        Assert.True((await _silos["a"].BeBornAsync()).IsNew);
        var second = await _silos["b"].AskAsync();
        Assert.False(second.IsNew);
        Assert.Equal(_silos["a"].Genesis!.Incarnation, second.Genesis!.Incarnation);
    }

    private async Task BeBornAllAsync()
    {
        foreach (var name in Names)
        {
            await _silos[name].BeBornAsync();
        }
    }

    private void Wipe(string name) => Add(name, Names);

    private void Add(string name, string[] initial) => _silos[name] = new Silo(this, name, initial);

    private sealed class Silo : IBirthPeers
    {
        private readonly BirthTests _test;
        private readonly string _name;
        private readonly string[] _initial;

        public Silo(BirthTests test, string name, string[] initial)
        {
            _test = test;
            _name = name;
            _initial = initial;
        }

        public StoreIdentity Store { get; set; } = new(Guid.NewGuid(), 1);

        public Genesis? Genesis { get; private set; }

        public bool IsUp { get; set; } = true;

        public IReadOnlyCollection<string>? Others { get; set; } = [];

        public BirthClerk Clerk => new(_name, "", Store, "service", _initial, this);

        public Task<BirthOutcome> AskAsync() => Clerk.AskRoundAsync();

        public async Task<BirthOutcome> BeBornAsync()
        {
            var outcome = await AskAsync();
            Genesis = outcome.Genesis;
            return outcome;
        }

        public Task<BirthAnswer> AskAsync(string silo, BirthQuestion question) =>
            _test._silos.TryGetValue(silo, out var other) && other.IsUp
                ? Task.FromResult(other.Clerk.Answer(other.Genesis))
                : Task.FromException<BirthAnswer>(new TimeoutException());
    }
}
