using System.Collections.Concurrent;

namespace Orleans.Raft.Hosting;

/// <summary>Says which drops are worth a line: the first of a peer and reason, and then one in a while. All of them are counted.</summary>
internal sealed class DropLog(IReplicaClock clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Peer, DropReason Reason), TimeSpan> _lastSaid = new();

    /// <summary>True if this drop is to be logged.</summary>
    public bool IsDue(string peer, DropReason reason)
    {
        var now = clock.Now;
        if (_lastSaid.TryGetValue((peer, reason), out var last) && now - last < Interval)
        {
            return false;
        }

        _lastSaid[(peer, reason)] = now;
        return true;
    }
}
