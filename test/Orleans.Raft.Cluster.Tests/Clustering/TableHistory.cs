using System.Collections.Concurrent;
using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>What was acknowledged and read so far, and what that demands of every later read, of whomever.</summary>
internal sealed class TableHistory
{
    private readonly ConcurrentDictionary<string, byte> _gone = new();
    private readonly ConcurrentDictionary<int, string> _writers = new();
    private int _version;
    private int _reads;

    public int Reads => Volatile.Read(ref _reads);

    public int Writes => _writers.Count;

    public int Gone => _gone.Count;

    /// <summary>Reads and checks: no version older than one that was known before, no row that was cleaned up before.</summary>
    public async Task<TableView> ReadAsync(TableClient client, CancellationToken cancellationToken)
    {
        var (version, gone) = (Volatile.Read(ref _version), _gone.Keys.ToArray());
        var view = (await client.ReadAsync(true, cancellationToken)).View;
        Assert.True(view.Version >= version, $"read version {view.Version} after {version} was known");
        Assert.DoesNotContain(gone, view.Rows.ContainsKey);
        OnKnown(view.Version);
        Interlocked.Increment(ref _reads);
        return view;
    }

    /// <summary>Reads, however long no majority is there.</summary>
    public async Task<TableView> ReadWhenPossibleAsync(TableClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await ReadAsync(client, limit.Token);
    }

    /// <summary>A write was acknowledged under a version: nobody else's may be.</summary>
    public void OnWritten(int version, string what)
    {
        Assert.True(_writers.TryAdd(version, what), $"version {version} was won by {what} and by {_writers[version]}");
        OnKnown(version);
    }

    /// <summary>A read without the row began after it had been cleaned up, so it is never seen again.</summary>
    public void OnGone(string silo) => _gone.TryAdd(silo, 0);

    private void OnKnown(int version)
    {
        int known;
        while ((known = Volatile.Read(ref _version)) < version && Interlocked.CompareExchange(ref _version, version, known) != known)
        {
        }
    }
}
