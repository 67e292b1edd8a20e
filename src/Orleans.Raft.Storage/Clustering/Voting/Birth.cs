using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a fresh voter does with what it has heard.</summary>
internal enum BirthChoice
{
    /// <summary>Ask again; the reason says for what it waits.</summary>
    Wait,

    /// <summary>Make the group: all are fresh, and this voter is named first.</summary>
    Create,

    /// <summary>Start from the genesis that another voter has.</summary>
    Copy,

    /// <summary>Start empty as the replica that was added for this store.</summary>
    Join,
}

/// <summary>Outcome of one round of asking.</summary>
internal readonly record struct BirthVerdict(BirthChoice Choice, string Reason, BirthNews? From = null);

/// <summary>
/// The birth rule (SAFETY-RULES A1): all voters once, then a majority. A majority is enough to run, never to be born; and who is fresh
/// where others are born takes part only if they say that his very store is bound.
/// </summary>
internal sealed partial class Birth
{
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenLogs = TimeSpan.FromSeconds(10);

    private readonly VoterSettings _settings;
    private readonly StoreIdentity _identity;
    private readonly LinkSet _links;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public Birth(VoterSettings settings, StoreIdentity identity, LinkSet links, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _identity = identity;
        _links = links;
        _time = time;
        _logger = logger;
    }

    /// <summary>For what it waits; empty before the first round.</summary>
    public string Waiting { get; private set; } = "";

    /// <summary>Asks until there is something to do. Takes as long as it takes: whoever waits for it sets the limit.</summary>
    public async Task<(VoterMetadata Metadata, TableState? Genesis)> DecideAsync(CancellationToken cancellationToken)
    {
        var logged = _time.GetTimestamp();
        var isFirst = true;
        while (true)
        {
            var news = await AskAllAsync(cancellationToken).ConfigureAwait(false);
            var verdict = Judge(_settings, _identity.StoreId, news.ToDictionary(static pair => pair.Key, static pair => pair.Value.News));
            switch (verdict.Choice)
            {
                case BirthChoice.Create:
                    return Create(news);
                case BirthChoice.Copy:
                    var genesis = TableState.Decode(verdict.From!.Genesis);
                    return (new VoterMetadata(verdict.From.Incarnation, verdict.From.Replica, verdict.From.Genesis), genesis);
                case BirthChoice.Join:
                    _links.Learn(verdict.From!.Voters);
                    return (new VoterMetadata(verdict.From!.Incarnation, verdict.From.Replica, default), null);
            }

            Waiting = verdict.Reason;
            if (_time.GetElapsedTime(logged) > (isFirst ? BetweenLogs / 5 : BetweenLogs))
            {
                logged = _time.GetTimestamp();
                isFirst = false;
                var troubles = news.Where(static pair => pair.Value.News is null).Select(static pair => $"{pair.Key}: {pair.Value.Trouble}");
                LogWaiting(_settings.Name, verdict.Reason, string.Join("; ", troubles));
            }

            await Task.Delay(BetweenRounds, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The rule itself.</summary>
    /// <param name="settings">The asking voter's.</param>
    /// <param name="store">The asking voter's store.</param>
    /// <param name="news">What each other voter said in this round; null for who didn't answer.</param>
    internal static BirthVerdict Judge(VoterSettings settings, Guid store, IReadOnlyDictionary<string, BirthNews?> news)
    {
        var born = news.Values.OfType<BirthNews>().Where(static voter => !voter.IsFresh).ToList();
        if (born.Count > 0)
        {
            return JudgeBorn(settings, store, born);
        }

        var missing = settings.Voters.Keys.Where(name => name != settings.Name && news.GetValueOrDefault(name) is null).ToList();
        if (missing.Count > 0)
        {
            return new BirthVerdict(BirthChoice.Wait, $"all voters must be up once for the cluster to be born; missing: {string.Join(", ", missing)}");
        }

        var other = news.Where(pair => pair.Value!.ListHash != settings.ListHash()).Select(static pair => pair.Key).ToList();
        if (other.Count > 0)
        {
            return new BirthVerdict(
                BirthChoice.Wait,
                $"{string.Join(", ", other)} has another list of voters or another cluster id than {settings.Name}; make Voters equal everywhere");
        }

        if (news.Values.Select(static voter => voter!.Store).Append(store).Distinct().Count() != settings.Voters.Count)
        {
            return new BirthVerdict(BirthChoice.Wait, "two voters have the same store: a data directory was copied; empty one of the copies");
        }

        return settings.Voters.Keys.First() == settings.Name
            ? new BirthVerdict(BirthChoice.Create, "")
            : new BirthVerdict(BirthChoice.Wait, $"{settings.Voters.Keys.First()} makes the group");
    }

    private static BirthVerdict JudgeBorn(VoterSettings settings, Guid store, List<BirthNews> born)
    {
        if (born.Select(static voter => voter.Incarnation).Distinct().Count() > 1)
        {
            return new BirthVerdict(BirthChoice.Wait, "the other voters belong to different groups; find the one with the data and empty the directories of the others");
        }

        var bound = born.Where(static voter => !voter.Replica.IsNone).MaxBy(static voter => voter.Starts);
        if (bound is null)
        {
            return new BirthVerdict(
                BirthChoice.Wait,
                $"the cluster exists and {settings.Name} with store {store:N} is not one of its voters: the data directory is empty or another one. "
                + "It does not vote until it is added again (IRaftClusteringManagement.ReplaceVoterAsync)");
        }

        if (bound.Starts > 0)
        {
            return new BirthVerdict(
                BirthChoice.Wait,
                $"store {store:N} of {settings.Name} is bound and has started {bound.Starts} times, but now it is empty: its log was lost. "
                + "It does not vote until it is added again under a new store: empty the data directory, then IRaftClusteringManagement.ReplaceVoterAsync");
        }

        var genesis = born.FirstOrDefault(static voter => !voter.Genesis.IsEmpty);
        return genesis is null
            ? new BirthVerdict(BirthChoice.Join, "", bound)
            : new BirthVerdict(BirthChoice.Copy, "", bound with { Genesis = genesis.Genesis });
    }

    private (VoterMetadata Metadata, TableState Genesis) Create(Dictionary<string, (BirthNews? News, string Trouble)> news)
    {
        var voters = _settings.Voters.Select((pair, i) => new VoterBinding
        {
            Replica = new ReplicaId(i + 1),
            Name = pair.Key,
            Address = pair.Value,
            Store = pair.Key == _settings.Name ? _identity.StoreId : news[pair.Key].News!.Store,
        });
        var genesis = TableState.Genesis(Guid.NewGuid(), _settings.Cluster, voters);
        LogCreated(_settings.Name, genesis.Incarnation, string.Join(", ", genesis.View.Voters.Values));
        return (new VoterMetadata(genesis.Incarnation, ReplicaOf(genesis), genesis.Encode()), genesis);
    }

    private ReplicaId ReplicaOf(TableState genesis) => genesis.View.Voters.Values.Single(voter => voter.Store == _identity.StoreId).Replica;

    private async Task<Dictionary<string, (BirthNews? News, string Trouble)>> AskAllAsync(CancellationToken cancellationToken)
    {
        var asking = _settings.Voters.Keys.Where(name => name != _settings.Name)
            .Select(async name => (Name: name, Heard: await AskAsync(name, cancellationToken).ConfigureAwait(false)));
        var answers = await Task.WhenAll(asking).ConfigureAwait(false);
        return answers.ToDictionary(static answer => answer.Name, static answer => answer.Heard, StringComparer.Ordinal);
    }

    private async Task<(BirthNews? News, string Trouble)> AskAsync(string name, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var answer = await _links.Find(name)!.AskAsync(FrameKind.Birth, default, either.Token).ConfigureAwait(false);
            return answer.Status is AnswerStatus.Ok ? (BirthNews.Decode(answer.Body), "") : (null, answer.ToString());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, "no answer in time");
        }
        catch (Exception failure) when (failure is TransportException or WireFormatException)
        {
            return (null, failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clustering voter {Voter} waits: {Reason}. {Troubles}")]
    private partial void LogWaiting(string voter, string reason, string troubles);

    [LoggerMessage(Level = LogLevel.Information, Message = "Clustering voter {Voter} makes group {Incarnation} with {Voters}.")]
    private partial void LogCreated(string voter, Guid incarnation, string voters);
}
