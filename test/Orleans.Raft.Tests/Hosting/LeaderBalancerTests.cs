using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Balancers of several silos against a model of their groups: who leads, who is up. Time is the test's.</summary>
public sealed class LeaderBalancerTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ManualClock _clock = new();
    private readonly List<Silo> _silos = [];
    private readonly Dictionary<RaftGroupId, string> _leaders = [];
    private readonly Dictionary<RaftGroupId, int> _moves = [];

    [Fact]
    public void A_minute_after_a_failure_every_silo_leads_its_share_and_no_group_was_moved_twice()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        Start(silos: 3, groups: 25);
        for (var episode = 0; episode < 200; episode++)
        {
            var hit = _silos[random.Next(3)];
            hit.IsUp = false;
            Elect(hit, random);
            Pass(TimeSpan.FromSeconds(random.Next(1, 100)), random);

            // What was moved while it was away counts as well.
            hit.IsUp = true;
            if (random.Next(2) == 0)
            {
                hit.Restart();
            }

            Pass(TimeSpan.FromMinutes(1), random);

            Assert.True(_silos.All(silo => silo.Groups.All(group => _leaders[group] == silo.Name)), $"seed {seed} episode {episode}");
            Assert.True(_moves.Values.All(count => count <= 1), $"seed {seed} episode {episode}: {string.Join(", ", _moves)}");
            _moves.Clear();
        }
    }

    [Fact]
    public void A_silo_asks_for_one_group_at_a_time()
    {
        Start(silos: 3, groups: 25);
        _silos[0].IsSlow = true;
        foreach (var group in _leaders.Keys.ToArray())
        {
            _leaders[group] = "s2";
        }

        Pass(TimeSpan.FromSeconds(20), new Random(1));

        var claim = Assert.Single(_silos[0].Open);
        claim.Answer.SetResult("given up");
        Assert.True(SpinWait.SpinUntil(() => _silos[0].Open.Count == 2, TimeSpan.FromSeconds(10)));
        Assert.NotEqual(claim.Group, _silos[0].Open[1].Group);
    }

    [Fact]
    public void What_was_given_away_is_asked_back_later_and_later()
    {
        Start(silos: 3, groups: 3);
        var group = _silos[0].Groups.First();
        Pass(TimeSpan.FromSeconds(20), new Random(1));
        var waits = new List<double>();
        for (var time = 0; time < 4; time++)
        {
            _silos[0].GivenAway[group] = time + 1;
            _leaders[group] = "s2";
            var start = _clock.Now;
            for (var step = 0; step < 1_000 && _leaders[group] == "s2"; step++)
            {
                Pass(TimeSpan.FromSeconds(1), new Random(1));
            }

            waits.Add((_clock.Now - start).TotalSeconds);
        }

        Assert.All([30, 60, 120, 240], (wait, i) => Assert.InRange(waits[i], wait, wait + (2 * Interval.TotalSeconds)));
    }

    [Fact]
    public void A_replica_that_is_behind_is_left_alone_until_it_has_caught_up()
    {
        Start(silos: 3, groups: 3);
        var group = _silos[0].Groups.First();
        _leaders[group] = "s2";
        _silos[0].Behind.Add(group);
        Pass(TimeSpan.FromMinutes(5), new Random(1));
        Assert.Equal("s2", _leaders[group]);

        _silos[0].Behind.Clear();
        Pass(2 * Interval, new Random(1));
        Assert.Equal("s1", _leaders[group]);
    }

    [Fact]
    public void A_silo_that_was_not_well_a_moment_ago_asks_for_nothing_yet()
    {
        Start(silos: 3, groups: 3);
        Pass(TimeSpan.FromSeconds(20), new Random(1));
        foreach (var group in _silos[0].Groups)
        {
            _leaders[group] = "s2";
        }

        for (var round = 0; round < 20; round++)
        {
            _silos[0].IsUp = !_silos[0].IsUp;
            Pass(Interval - TimeSpan.FromSeconds(1), new Random(1), every: Interval - TimeSpan.FromSeconds(1));
        }

        Assert.All(_silos[0].Groups, group => Assert.Equal("s2", _leaders[group]));
    }

    private void Start(int silos, int groups)
    {
        for (var i = 1; i <= silos; i++)
        {
            _silos.Add(new Silo(this, $"s{i}", [.. Enumerable.Range(0, groups).Where(index => index % silos == i - 1).Select(index => new RaftGroupId("g", index))]));
        }

        foreach (var silo in _silos)
        {
            foreach (var group in silo.Groups)
            {
                _leaders[group] = silo.Name;
            }
        }
    }

    private void Elect(Silo lost, Random random)
    {
        var others = _silos.Where(silo => silo != lost).ToArray();
        foreach (var group in _leaders.Where(leader => leader.Value == lost.Name).Select(leader => leader.Key).ToArray())
        {
            _leaders[group] = others[random.Next(others.Length)].Name;
        }
    }

    private void Pass(TimeSpan time, Random random, TimeSpan? every = null)
    {
        var end = _clock.Now + time;
        while (_clock.Now < end)
        {
            _clock.Advance((every ?? TimeSpan.FromSeconds(1)).TotalMilliseconds);
            foreach (var silo in _silos.OrderBy(_ => random.Next()))
            {
                silo.Tick();
            }
        }
    }

    private sealed class Silo : ILeaderBalancingPort
    {
        private readonly LeaderBalancerTests _test;
        private LeaderBalancer _balancer;
        private Task _running = Task.CompletedTask;
        private TimeSpan _next;

        public Silo(LeaderBalancerTests test, string name, HashSet<RaftGroupId> groups)
        {
            _test = test;
            Name = name;
            Groups = groups;
            _balancer = new LeaderBalancer(this, test._clock, Interval);
        }

        public string Name { get; }

        public HashSet<RaftGroupId> Groups { get; }

        public bool IsUp { get; set; } = true;

        public bool IsSlow { get; set; }

        public HashSet<RaftGroupId> Behind { get; } = [];

        public Dictionary<RaftGroupId, long> GivenAway { get; } = [];

        public List<(RaftGroupId Group, TaskCompletionSource<string?> Answer)> Open { get; } = [];

        object? ILeaderBalancingPort.Plan => IsUp ? Groups : null;

        public void Restart() => _balancer = new LeaderBalancer(this, _test._clock, Interval);

        public void Tick()
        {
            if (_test._clock.Now >= _next && _running.IsCompleted)
            {
                _next = _test._clock.Now + Interval;
                _running = _balancer.RunAsync(CancellationToken.None);
            }
        }

        IReadOnlyCollection<LeaderView> ILeaderBalancingPort.Look() => [.. Groups.Select(group => new LeaderView(
            group,
            _test._leaders[group] == Name,
            _test._leaders[group] != Name && _test._silos.Single(silo => silo.Name == _test._leaders[group]).IsUp,
            Behind.Contains(group) ? "is behind" : null,
            GivenAway.GetValueOrDefault(group)))];

        Task<string?> ILeaderBalancingPort.ClaimAsync(RaftGroupId group, CancellationToken cancellationToken)
        {
            if (IsSlow)
            {
                var answer = new TaskCompletionSource<string?>();
                Open.Add((group, answer));
                return answer.Task;
            }

            _test._leaders[group] = Name;
            _test._moves[group] = _test._moves.GetValueOrDefault(group) + 1;
            return Task.FromResult<string?>(null);
        }

        void ILeaderBalancingPort.Claimed(RaftGroupId group, string? failure)
        {
        }
    }
}
