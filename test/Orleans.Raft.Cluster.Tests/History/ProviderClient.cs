namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A client of grain storages on several silos that keeps a state's ETag as a grain would, and notes everything it does and is told.</summary>
internal sealed class ProviderClient(string name, int seed, IReadOnlyList<IStorageTarget> silos, HistoryLog log)
{
    private const int KeysAtATime = 3;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, string?> _etags = new(StringComparer.Ordinal);

    // What each version and each lost operation of a key stands for. Groups of a family share their incarnation, so a version alone names no value.
    private readonly Dictionary<(string Key, string Part), string?> _meanings = [];
    private int _written;

    /// <summary>Keys are left for new ones after so long: what is judged of one key must not grow without end.</summary>
    public TimeSpan KeysChangeAfter { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Does one thing after another until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        while (!stop.IsCancellationRequested)
        {
            await StepAsync();
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Does one thing.</summary>
    public async Task StepAsync()
    {
        var key = $"p{log.Now / (long)KeysChangeAfter.TotalMicroseconds}-{_random.Next(KeysAtATime)}";
        var silo = silos[_random.Next(silos.Count)];
        var what = _random.Next(100);
        if (what < 35 || !_etags.TryGetValue(key, out var etag))
        {
            await ReadAsync(key, silo);
        }
        else
        {
            await ChangeAsync(key, silo, etag, isClear: what > 85);
        }
    }

    /// <summary>Reads a key; false if it could not be read.</summary>
    public async Task<bool> ReadAsync(string key, IStorageTarget silo)
    {
        var operation = new RegisterOperation(RegisterAction.Read, null, null, RegisterResult.Done, log.Now, 0, name);
        var answer = await silo.DoAsync("read", key, _etags.GetValueOrDefault(key), null);
        if (answer.Outcome != "done")
        {
            if (answer.Outcome is not ("failed" or "lost"))
            {
                log.Odd($"a read of {key} was answered {answer}");
            }

            return false;
        }

        log.Add(key, operation with { Value = answer.Text, Returned = log.Now });
        Learn(key, answer.ETag, answer.Text);
        return true;
    }

    /// <summary>What an ETag says of the record that was read or written, without what its owner's lost operations may have made of it.</summary>
    public static string? VersionOf(string? etag) => etag?.Split('?', '!')[0].Split('+')[0];

    private async Task ChangeAsync(string key, IStorageTarget silo, string? etag, bool isClear)
    {
        var text = isClear ? null : $"{name}.{++_written}";
        var operation = new RegisterOperation(
            isClear ? RegisterAction.CompareAndDelete : RegisterAction.CompareAndSet, text, null, RegisterResult.Unknown, log.Now, 0, name)
        {
            OrElse = Meanings(key, etag),
        };
        var answer = await silo.DoAsync(isClear ? "clear" : "write", key, etag, text);
        switch (answer.Outcome)
        {
            case "done":
                log.Add(key, operation with { Result = RegisterResult.Done, Returned = log.Now });
                Learn(key, answer.ETag, text);
                break;
            case "conflict":
                log.Add(key, operation with { Result = RegisterResult.Refused, Returned = log.Now });
                _etags.Remove(key);
                break;
            case "unknown":
                log.Add(key, operation);
                _meanings[(key, answer.ETag!.Split('?', '!')[^1])] = text;
                _etags[key] = answer.ETag;
                break;
            case "lost":
                log.Add(key, operation);
                _etags.Remove(key);
                break;
            case "failed":
                // Not done, and never will be: the ETag is still the one it was.
                break;
            default:
                log.Odd($"{operation} on {key} was answered {answer}");
                break;
        }
    }

    private void Learn(string key, string? etag, string? text)
    {
        _etags[key] = etag;
        var version = VersionOf(etag);
        if (version is null or "none")
        {
            if (text is not null)
            {
                log.Odd($"{key} has the value {text} and the ETag {etag ?? "null"}");
            }

            return;
        }

        log.SawVersion(key, version, text ?? "none");
        _meanings[(key, version)] = text;
    }

    // After an unknown outcome an ETag stands for several values: the one before, and what the lost operation may have left.
    private HashSet<string?> Meanings(string key, string? etag)
    {
        if (etag is null)
        {
            return [null];
        }

        var parts = etag.Split('?', '!');
        HashSet<string?> meanings = [.. parts.Skip(1).Select(lost => _meanings[(key, lost)])];
        foreach (var part in parts[0].Split('+'))
        {
            meanings.Add(part == "none" ? null : _meanings[(key, part)]);
        }

        return meanings;
    }
}
