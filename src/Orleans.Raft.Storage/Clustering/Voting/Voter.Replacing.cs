using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Clustering;

/// <content>
/// Replacing a voter, one step per request; who wishes it asks until it is done. The newcomer is added as a learner, catches up, and then takes
/// the place of the old replica in one joint change, so that the number of voters never changes and a new leader can go on from any step.
/// </content>
internal sealed partial class Voter
{
    private void OnReplace(VoterBinding wish, TaskCompletionSource<Answer> answered) =>
        answered.TrySetResult(_node is { Role: RaftRole.Leader } node ? Replace(node, wish) : NotLeader(_node));

    /// <param name="node">This leader.</param>
    /// <param name="wish">The replica to replace, and name and address of who shall take its place.</param>
    private Answer Replace(RaftNode node, VoterBinding wish)
    {
        var successor = _state.View.Voters.Values.FirstOrDefault(voter => voter.Name == wish.Name && voter.Replica != wish.Replica);
        if (!_state.View.Voters.ContainsKey(wish.Replica.Value))
        {
            return successor is null ? Refused($"replica {wish.Replica} is none of the voters") : new Answer(AnswerStatus.Ok);
        }

        if (_confState.VotersOutgoing.Length > 0)
        {
            return Later("the change of voters is being completed");
        }

        if (successor is null)
        {
            return AddSuccessor(node, wish);
        }

        if (!_confState.Learners.Contains(successor.Replica))
        {
            return Refused($"{wish.Name} is a voter already");
        }

        if (_links.Find(wish.Name)?.Peer is { IsVoter: true } peer && peer.Store != successor.Store)
        {
            // Its directory was lost once more before it took part.
            return Propose(node, ConfChangeType.RemoveNode, successor);
        }

        var progress = node.Status().Peers.FirstOrDefault(other => other.Id == successor.Replica);
        if (!progress.IsRecentlyActive || progress.Match < _state.Applied - _settings.TailEntries)
        {
            return Later($"{wish.Name} catches up: it has {progress.Match} of {_state.Applied} entries");
        }

        var result = node.ProposeConfChange(
            new ConfChangeV2
            {
                Changes =
                [
                    new ConfChangeSingle(ConfChangeType.AddNode, successor.Replica),
                    new ConfChangeSingle(ConfChangeType.RemoveNode, wish.Replica),
                ],
            },
            Now);
        return Later($"{wish.Name} takes the place of replica {wish.Replica}: {result}");
    }

    private Answer AddSuccessor(RaftNode node, VoterBinding wish)
    {
        if (wish.Name == Name)
        {
            return Refused($"{Name} is alive and leads the group");
        }

        _links.Learn([wish]);
        if (_links.Find(wish.Name) is not { Peer: { } peer } link)
        {
            return Later($"{wish.Name} is not connected: {_links.Find(wish.Name)?.Trouble}");
        }

        if (!peer.IsVoter)
        {
            return Refused($"{wish.Name} is no voter by its own configuration; name it in its Voters");
        }

        if (peer.Incarnation != Guid.Empty || _state.View.Voters.Values.Any(voter => voter.Store == peer.Store))
        {
            return Refused($"{link.Name} with store {peer.Store:N} belongs to a group already; who replaces a voter starts with an empty directory");
        }

        var former = _state.View.Voters.Values.FirstOrDefault(voter => voter.Name == wish.Name)?.Address ?? "";
        return Propose(node, ConfChangeType.AddLearnerNode, new VoterBinding
        {
            Replica = _state.NextReplica,
            Name = wish.Name,
            Store = peer.Store,
            Address = wish.Address.Length > 0 ? wish.Address : _settings.Voters.GetValueOrDefault(wish.Name, former),
        });
    }

    private Answer Propose(RaftNode node, ConfChangeType type, VoterBinding voter)
    {
        var change = new ConfChangeV2
        {
            Changes = [new ConfChangeSingle(type, voter.Replica)],
            Context = type is ConfChangeType.AddLearnerNode ? voter.Encode() : default(ReadOnlyMemory<byte>),
        };
        return Later($"{type} {voter}: {node.ProposeConfChange(change, Now)}");
    }

    private static Answer Refused(string why) => new(AnswerStatus.Refused) { Text = why };

    private static Answer Later(string why) => new(AnswerStatus.Busy) { Text = why };
}
