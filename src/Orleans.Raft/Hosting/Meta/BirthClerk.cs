using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Decides whether a silo without a history may take part in the birth of a cluster (SAFETY-RULES A1, A2). Exactly one thing is created from
/// configuration, once: the genesis, by the first of the initial silos, after every one of them has answered in one round that it is fresh and
/// plans the same. A majority is enough to run, never to be born.
/// </summary>
internal sealed class BirthClerk
{
    private const int Format = 1;

    private readonly string _silo;
    private readonly string _address;
    private readonly StoreIdentity _store;
    private readonly ImmutableArray<string> _initial;
    private readonly IBirthPeers _peers;

    public BirthClerk(string silo, string address, StoreIdentity store, string serviceId, IEnumerable<string> initialSilos, IBirthPeers peers)
    {
        _silo = silo;
        _address = address;
        _store = store;
        _initial = [.. initialSilos];
        _peers = peers;
        var plan = $"{Format}\n{serviceId}\n{string.Join('\n', _initial)}";
        Plan = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(plan)).AsSpan(0, 16));
    }

    /// <summary>Hash of what this silo is configured to be born as.</summary>
    public string Plan { get; }

    /// <summary>What this silo answers others.</summary>
    public BirthAnswer Answer(Genesis? genesis) =>
        new(_silo, _store.StoreId, Plan, genesis is null ? [] : MetaCodec.Encode(genesis));

    /// <summary>One round of asking. Its outcome is a genesis that exists, a new one that the caller must sync before it tells anybody, or a reason to wait.</summary>
    public async Task<BirthOutcome> AskRoundAsync()
    {
        var asked = Asked();
        if (asked is null)
        {
            return BirthOutcome.Wait("membership has not been read yet");
        }

        var question = new BirthQuestion(_silo, _address);
        var answers = await Task.WhenAll(asked.Select(silo => TryAskAsync(silo, question)));
        return FindGenesis(answers) ?? (_initial.IsEmpty ? DecideAlone(asked) : DecideTogether(answers));
    }

    /// <summary>True if the cluster was born with other silos than a silo is configured with now. Their order does not matter any more.</summary>
    public static bool IsOther(Genesis genesis, IEnumerable<string> initialSilos)
    {
        var configured = initialSilos.ToHashSet(StringComparer.Ordinal);
        return configured.Count == 0 ? genesis.Silos.Length > 1 : !configured.SetEquals(genesis.Silos.Select(silo => silo.Silo));
    }

    /// <summary>True if the genesis names this silo with this store: then it is a founder, and has not voted before.</summary>
    public bool IsFounder(Genesis genesis) =>
        genesis.Silos.Any(binding => string.Equals(binding.Silo, _silo, StringComparison.Ordinal) && binding.Store == _store.StoreId);

    /// <summary>The store that a silo runs on now; null if it does not answer.</summary>
    public async Task<Guid?> FindStoreAsync(string silo) => (await TryAskAsync(silo, new BirthQuestion(_silo, _address))).Answer?.Store;

    // Everybody who may know of a birth: those who are to found the cluster, and those who are in it already.
    private List<string>? Asked()
    {
        var others = _peers.Others;
        if (others is null && _initial.IsEmpty)
        {
            return null;
        }

        return [.. _initial.Concat(others ?? []).Distinct(StringComparer.Ordinal).Where(name => !string.Equals(name, _silo, StringComparison.Ordinal))];
    }

    private async Task<(string Silo, BirthAnswer? Answer)> TryAskAsync(string silo, BirthQuestion question)
    {
        try
        {
            return (silo, await _peers.AskAsync(silo, question));
        }
        catch (Exception)
        {
            // Whatever the reason, this silo has not answered, and that is what counts; the next round asks again.
            return (silo, null);
        }
    }

    private BirthOutcome? FindGenesis((string Silo, BirthAnswer? Answer)[] answers)
    {
        Genesis? found = null;
        foreach (var (silo, answer) in answers)
        {
            if (answer is null || answer.IsFresh)
            {
                continue;
            }

            var genesis = MetaCodec.ReadGenesis(answer.Genesis);
            if (found is not null && found.Incarnation != genesis.Incarnation)
            {
                return BirthOutcome.Wait(
                    $"silos of two clusters answer, {found.Incarnation} and {genesis.Incarnation} (on {silo}). Check RaftOptions.InitialSilos and the cluster id of all silos");
            }

            found = genesis;
        }

        return found is null ? null : new BirthOutcome(found, IsNew: false, null);
    }

    private BirthOutcome DecideAlone(List<string> others) => others.Count == 0
        ? new BirthOutcome(NewGenesis([(_silo, _store.StoreId)]), IsNew: true, null)
        : BirthOutcome.Wait(
            $"RaftOptions.InitialSilos is empty, which means one silo alone, and membership shows {string.Join(", ", others)} too. Set InitialSilos to the same list on all silos");

    private BirthOutcome DecideTogether((string Silo, BirthAnswer? Answer)[] answers)
    {
        if (!_initial.Contains(_silo, StringComparer.Ordinal))
        {
            return BirthOutcome.Wait($"the cluster is not born yet; {_silo} is not one of its initial silos [{string.Join(", ", _initial)}]");
        }

        var founders = new List<(string Silo, Guid Store)>();
        foreach (var name in _initial)
        {
            if (string.Equals(name, _silo, StringComparison.Ordinal))
            {
                founders.Add((_silo, _store.StoreId));
                continue;
            }

            var answer = answers.First(pair => string.Equals(pair.Silo, name, StringComparison.Ordinal)).Answer;
            if (answer is null || !string.Equals(answer.Silo, name, StringComparison.Ordinal))
            {
                return BirthOutcome.Wait($"the initial silo {name} does not answer. All of [{string.Join(", ", _initial)}] must run once, together");
            }

            if (!string.Equals(answer.Plan, Plan, StringComparison.Ordinal))
            {
                return BirthOutcome.Wait($"the silo {name} has other RaftOptions.InitialSilos, another service id or another version; here they are [{string.Join(", ", _initial)}]");
            }

            founders.Add((name, answer.Store));
        }

        if (founders.Select(founder => founder.Store).Distinct().Count() != founders.Count)
        {
            return BirthOutcome.Wait("two silos have one store: a data directory was copied. Empty the copy");
        }

        return string.Equals(_initial[0], _silo, StringComparison.Ordinal)
            ? new BirthOutcome(NewGenesis(founders), IsNew: true, null)
            : BirthOutcome.Wait($"{_initial[0]}, the first of the initial silos, writes the genesis");
    }

    private static Genesis NewGenesis(IEnumerable<(string Silo, Guid Store)> founders) => new(
        Guid.NewGuid(), [.. founders.Select((founder, i) => new SiloBinding(new ReplicaId(i + 1), founder.Silo, founder.Store, 0, default))]);
}

/// <summary>Outcome of a round.</summary>
/// <param name="Genesis">The genesis, or null.</param>
/// <param name="IsNew">True if it was made here and nobody has it yet.</param>
/// <param name="WaitsFor">Why there is none.</param>
internal sealed record BirthOutcome(Genesis? Genesis, bool IsNew, string? WaitsFor)
{
    /// <summary>Not yet.</summary>
    public static BirthOutcome Wait(string reason) => new(null, false, reason);
}
