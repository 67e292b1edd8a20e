using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>A group's status out of what its replicas say.</summary>
internal static class StatusMerge
{
    /// <summary>Puts reports together.</summary>
    /// <param name="group">The group as the asking silo knows it.</param>
    /// <param name="silos">Reports of its silos; those of other groups are passed over.</param>
    public static RaftGroupStatus Of(GroupDescriptor group, IEnumerable<SiloReport> silos)
    {
        var reports = new Dictionary<long, ReplicaReport>();
        foreach (var report in silos.SelectMany(silo => silo.Replicas))
        {
            if (report.Index == group.Id.Index && string.Equals(report.Name, group.Id.Name, StringComparison.Ordinal))
            {
                reports[report.Replica] = report;
            }
        }

        // Of two that say they lead, the one of the lower term does not know yet.
        var leader = reports.Values.Where(report => report.Fault is null && report.Role == (int)RaftRole.Leader).MaxBy(report => report.Term);
        var committed = reports.Values.Select(report => report.Committed).DefaultIfEmpty().Max();
        return new RaftGroupStatus(
            group.Id.Name,
            group.Id.Index,
            leader is null ? null : group.SiloOf(new ReplicaId(leader.Replica)),
            reports.Values.Select(report => report.Term).DefaultIfEmpty().Max(),
            committed,
            leader?.Applied ?? reports.Values.Select(report => report.Applied).DefaultIfEmpty().Max(),
            [.. group.Members.OrderBy(member => member.Replica).Select(member => Of(member, reports.GetValueOrDefault(member.Replica.Value), leader, committed))]);
    }

    private static RaftReplicaStatus Of(GroupMember member, ReplicaReport? report, ReplicaReport? leader, long committed)
    {
        var id = member.Replica.Value;
        var peer = leader?.Peers.FirstOrDefault(peer => peer.Replica == id);
        var applied = report?.Applied ?? 0;
        var state = report?.Fault is { } fault ? FirstLine(fault) : report is null ? "unreachable" : member.IsLeaving ? "leaving" : peer?.State ?? "-";
        return new RaftReplicaStatus(member.Silo, id, RoleOf(id, report, leader), state, peer?.Match ?? 0, applied, Math.Max(0, committed - applied));
    }

    private static RaftReplicaRole RoleOf(long id, ReplicaReport? report, ReplicaReport? leader)
    {
        if (report is null)
        {
            return RaftReplicaRole.Unknown;
        }

        if (report.Fault is not null)
        {
            return RaftReplicaRole.Faulted;
        }

        // The leader's configuration is the newest; without a leader the replica's own has to do.
        var configuration = leader ?? report;
        if (!configuration.Voters.Contains(id))
        {
            return configuration.Learners.Contains(id) ? RaftReplicaRole.Learner : RaftReplicaRole.Outside;
        }

        return (RaftRole)report.Role switch
        {
            RaftRole.Leader => id == leader?.Replica ? RaftReplicaRole.Leader : RaftReplicaRole.Follower,
            RaftRole.Candidate or RaftRole.PreCandidate => RaftReplicaRole.Candidate,
            RaftRole.Follower => RaftReplicaRole.Follower,
        };
    }

    private static string FirstLine(string text)
    {
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }
}
