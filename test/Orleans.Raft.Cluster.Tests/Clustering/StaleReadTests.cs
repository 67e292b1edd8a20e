using ClusteringSilo;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>
/// The schedule in which a leader would read stale: it hangs, the others go on without it, it wakes, still cut off from them so that nobody tells it, and finds reads in its
/// queue.
/// </summary>
public sealed class StaleReadTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rounds = 3;
    private const int Voters = 3;

    private readonly TemporaryDirectory _data = new();
    private readonly List<SiloProcess> _processes = [];
    private readonly List<Link> _links = [];
    private readonly Cables _cables = new(Voters);

    public Task InitializeAsync()
    {
        var handshake = new Handshake(SiloHost.ClusterId, "secret", static () => new PeerIdentity("test", Guid.Empty, 0, Guid.Empty));
        for (var i = 0; i < Voters; i++)
        {
            var (name, address) = (Cables.Name(i), $"127.0.0.1:{_cables.Ports[i]}");
            _processes.Add(new SiloProcess(name, _cables.Arguments(i, _data.Path)));
            _links.Add(new Link(name, handshake, _ => [address], null, TimeProvider.System, NullLogger.Instance));
            _links[i].Start();
        }

        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var link in _links)
        {
            await link.DisposeAsync();
        }

        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await _cables.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task A_leader_that_hung_answers_the_reads_that_waited_for_it_with_nothing_older_than_what_others_wrote_meanwhile()
    {
        var everyone = new TableClient(() => _links, TimeProvider.System);
        for (var round = 1; round <= Rounds; round++)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var view = (await everyone.ReadAsync(true, limit.Token)).View;
            var leader = await LeaderAsync(limit.Token);
            var others = _links.Where((_, i) => i != leader).ToList();
            await _processes[leader].PauseAsync();
            _cables.CutOff(leader);
            var reads = Enumerable.Range(0, 20).Select(_ => TryReadAsync(_links[leader], limit.Token)).ToList();
            var insert = new TableCommand
            {
                Kind = TableCommandKind.Insert,
                Row = new SiloRow { Silo = $"127.0.0.1:{round}@1" },
                Version = view.Version + 1,
                VersionETag = view.VersionETag,
            };
            Assert.Equal(TableResult.Done, await new TableClient(() => others, TimeProvider.System).ChangeAsync(insert, limit.Token));
            await _processes[leader].ResumeAsync();
            var answers = await Task.WhenAll(reads);
            _cables.Mend();
            output.WriteLine($"round {round}, s{leader + 1}: {string.Join(", ", answers.GroupBy(static answer => answer.Status).Select(static same => $"{same.Count()} {same.Key}"))}");
            Assert.All(
                answers.Where(static answer => answer.Status is AnswerStatus.Ok),
                answer => Assert.True(TableState.Decode(answer.Body).View.Version > view.Version, $"the table before the write was read in round {round}"));
        }
    }

    private static async Task<Answer> TryReadAsync(Link link, CancellationToken cancellationToken)
    {
        try
        {
            return await link.AskAsync(FrameKind.Read, new[] { (byte)ReadMode.Leader }, cancellationToken);
        }
        catch (TransportException failure)
        {
            return new Answer(AnswerStatus.NotReady) { Text = failure.Message };
        }
    }

    private async Task<int> LeaderAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            for (var i = 0; i < _links.Count; i++)
            {
                if ((await TryReadAsync(_links[i], cancellationToken)).Status is AnswerStatus.Ok)
                {
                    return i;
                }
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
