using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Has the records of a group as the other replicas hold them.</summary>
internal interface IPayloadSource
{
    /// <summary>A record, or null where there is none.</summary>
    Task<GrainRecord?> FetchAsync(ReadOnlyMemory<byte> recordKey, CancellationToken cancellationToken);
}

/// <summary>Asks the other replicas of the group, linearizably.</summary>
internal sealed class GroupPayloadSource(string serviceId, string provider, GroupBirth birth, IRaftGroupFactory factory) : IPayloadSource
{
    /// <inheritdoc/>
    public async Task<GrainRecord?> FetchAsync(ReadOnlyMemory<byte> recordKey, CancellationToken cancellationToken)
    {
        if (!RecordKey.TryParse(recordKey.Span, out var grain, out var state))
        {
            throw new RaftException($"{birth.Id}: key {Convert.ToHexString(recordKey.Span)} is none of this format.");
        }

        var query = GrainQuery.Get(GrainSlot.Of(serviceId, provider, grain, state), (ushort)birth.Groups, recordKey).Encode();
        var group = (RaftGroup)factory.GetGroup(birth.Id.Name, birth.Id.Index);
        return GrainAnswer.Decode(birth.Id, await group.ReadElsewhereAsync(query, cancellationToken).ConfigureAwait(false)).Record;
    }
}
