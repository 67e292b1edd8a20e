using ClusteringSilo;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A provider with a bug, to see that a history shows it.</summary>
internal sealed class PlantedBug(IStorageTarget right, PlantedBug.Kind kind, int seed) : IStorageTarget
{
    private const int Percent = 10;

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, ProviderAnswer> _former = new(StringComparer.Ordinal);
    private int _count;

    public enum Kind
    {
        None,
        StaleRead,
        LostWrite,
        AppliedTwice,
        OverwritesOthers,
        FalseConflict,
        SuccessCalledConflict,
        SuccessCalledFailure,
        UnknownNotRemembered,
    }

    /// <summary>How often it showed.</summary>
    public int Count => Volatile.Read(ref _count);

    public async Task<ProviderAnswer> DoAsync(string verb, string key, string? etag, string? text)
    {
        bool isWrong;
        lock (_random)
        {
            isWrong = _random.Next(100) < Percent;
        }

        if (isWrong && kind is Kind.FalseConflict && verb == "write")
        {
            Interlocked.Increment(ref _count);
            return new ProviderAnswer("conflict", etag, null);
        }

        var answer = await right.DoAsync(verb, key, etag, text);
        var former = Remember(verb, key, answer);
        return isWrong ? await SpoilAsync(verb, key, text, answer, former) : answer;
    }

    // What was read or written of the key before.
    private ProviderAnswer? Remember(string verb, string key, in ProviderAnswer answer)
    {
        lock (_former)
        {
            ProviderAnswer? former = _former.TryGetValue(key, out var known) ? known : null;
            if (answer.Outcome == "done" && verb != "clear")
            {
                _former[key] = answer;
            }

            return former;
        }
    }

    private Task<ProviderAnswer> SpoilAsync(string verb, string key, string? text, ProviderAnswer answer, ProviderAnswer? former) =>
        (kind, verb, answer.Outcome) switch
        {
            (Kind.StaleRead, "read", "done") when former is { } stale && stale.Text != answer.Text => Counted(stale with { ETag = ProviderClient.VersionOf(stale.ETag) }),
            (Kind.LostWrite, "write", "done") when former is { Text: { } old } => RestoreAsync(key, answer.ETag, old, answer),
            (Kind.AppliedTwice, "clear", "done") when former is { Text: { } cleared } => RestoreAsync(key, answer.ETag, cleared, answer),
            (Kind.OverwritesOthers, "write", "conflict") => OverwriteAsync(key, text, answer),
            (Kind.SuccessCalledConflict, "write", "done") => Counted(answer with { Outcome = "conflict" }),
            (Kind.SuccessCalledFailure, "write", "done") => Counted(answer with { Outcome = "failed" }),
            (Kind.UnknownNotRemembered, "write", "unknown") => Counted(new ProviderAnswer("failed", answer.ETag, null)),
            _ => Task.FromResult(answer),
        };

    private Task<ProviderAnswer> Counted(ProviderAnswer answer)
    {
        Interlocked.Increment(ref _count);
        return Task.FromResult(answer);
    }

    private async Task<ProviderAnswer> RestoreAsync(string key, string? etag, string old, ProviderAnswer answer)
    {
        var restored = await right.DoAsync("write", key, etag, old);
        return await (restored.Outcome == "done" ? Counted(answer) : Task.FromResult(answer));
    }

    private async Task<ProviderAnswer> OverwriteAsync(string key, string? text, ProviderAnswer conflict)
    {
        var read = await right.DoAsync("read", key, null, null);
        var written = await right.DoAsync("write", key, read.ETag, text);
        return await (written.Outcome == "done" ? Counted(written) : Task.FromResult(conflict));
    }
}
