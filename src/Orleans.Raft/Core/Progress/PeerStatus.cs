using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>Copy of what a leader knows about a peer.</summary>
/// <param name="Id">The peer.</param>
/// <param name="State">How entries are sent to it.</param>
/// <param name="Match">Highest index known to be durable there.</param>
/// <param name="Next">First index to send next.</param>
/// <param name="IsLearner">It does not vote.</param>
/// <param name="IsPaused">Nothing is sent until something is heard.</param>
/// <param name="PendingSnapshot">Index of the snapshot on its way, or 0.</param>
/// <param name="IsRecentlyActive">Heard from since the last quorum check.</param>
/// <param name="InflightCount">Append messages not yet acknowledged.</param>
/// <param name="InflightBytes">Their payload.</param>
/// <param name="IsWindowFull">No more fit.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct PeerStatus(
    ReplicaId Id,
    ProgressState State,
    long Match,
    long Next,
    bool IsLearner,
    bool IsPaused,
    long PendingSnapshot,
    bool IsRecentlyActive,
    int InflightCount,
    long InflightBytes,
    bool IsWindowFull)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(Id).Append(": State").Append(State).Append(" match=").Append(Match).Append(" next=").Append(Next);
        text.Append(IsLearner ? " learner" : "").Append(IsPaused ? " paused" : "");
        if (PendingSnapshot > 0)
        {
            text.Append(" pendingSnap=").Append(PendingSnapshot);
        }

        text.Append(IsRecentlyActive ? "" : " inactive");
        if (InflightCount > 0)
        {
            text.Append(" inflight=").Append(InflightCount).Append(IsWindowFull ? "[full]" : "");
        }

        return text.ToString();
    }
}
