using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Changing who is in the group, one step at a time, and ending for good.</content>
internal sealed partial class Replica
{
    /// <summary>Says where replicas are that this one may not know yet.</summary>
    public void PostMembers(IReadOnlyList<GroupMember> members) => Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => Meet(members))));

    /// <summary>If this replica leads, takes the next step towards a placement and says what is left to do.</summary>
    /// <exception cref="RaftException">It has faulted or stopped.</exception>
    public Task<MembershipStep> ApproachAsync(GroupPlacement placement) => AskAsync(() => Approach(placement));

    /// <summary>Ends the replica: deletes its rows, then its log, which leaves its number behind as a tombstone (SAFETY-RULES A9, C10).</summary>
    public async Task EraseAsync()
    {
        PostStop();
        await Stopped.ConfigureAwait(false);
        await _settings.StateStore.DeleteAsync(_state.Generation).ConfigureAwait(false);
        await _settings.StateStore.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        var batch = new WriteBatch();
        batch.RemoveGroup(_settings.Log, Id);
        await _settings.Store.WriteAsync(batch).ConfigureAwait(false);
    }

    private void Meet(IReadOnlyList<GroupMember> members)
    {
        foreach (var member in members)
        {
            if (!_peers.TryGetValue(member.Replica, out var peer) || !string.Equals(peer.Silo, member.Silo, StringComparison.Ordinal))
            {
                _peers[member.Replica] = new Peer(member.Silo);
            }
        }
    }

    private MembershipStep Approach(GroupPlacement placement)
    {
        if (MustCompact)
        {
            return MembershipStep.Wait("was recovered, and saves its state before anybody joins");
        }

        var step = MembershipPlanner.Next(_node.Status(), placement);
        if (step.Change is { } change)
        {
            var result = _node.ProposeConfChange(change, _now);
            LogMembership(_logger, Group, Id, _node.Term, step.Description, result);
        }
        else if (!step.TransferTo.IsNone)
        {
            var result = _node.TransferLeadership(step.TransferTo, _now);
            LogHandOver(_logger, Group, Id, _node.Term, step.TransferTo, step.Description, result);
        }

        return step;
    }

    [LoggerMessage(EventId = (int)RaftEvent.MembershipStep, Level = LogLevel.Information, Message = "Replica {Group} {Replica} {Term}: {Step}: {Result}.")]
    private static partial void LogMembership(ILogger logger, RaftGroupId group, ReplicaId replica, long term, string step, ProposeResult result);
}
