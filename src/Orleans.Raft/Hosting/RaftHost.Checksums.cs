using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <content>Checksums of a group's replicas at one index.</content>
internal sealed partial class RaftHost
{
    /// <summary>Proposes a mark if this silo's replica leads; empty when it was taken, else why not.</summary>
    public async Task<string> MarkHereAsync(RaftGroupId group, Guid mark)
    {
        if (!TryFind(group, out var runtime) || runtime.Replica is not { Fault: null } replica)
        {
            return $"{group} has no working replica on {Silo}";
        }

        var result = await replica.MarkAsync(mark);
        return result.IsAccepted ? "" : result.ToString();
    }

    /// <summary>The checksum of this silo's replica at a mark; waits until it has passed it.</summary>
    public async Task<StateChecksum> ChecksumHereAsync(RaftGroupId group, Guid mark) =>
        TryFind(group, out var runtime) && runtime.Replica is { Fault: null } replica
            ? await replica.ChecksumAsync(mark).WaitAsync(RequestTimeout, _time)
            : throw new RaftException($"{group} has no working replica on {Silo}.");

    /// <summary>Checksums of all replicas of a group at one index.</summary>
    public async Task<IReadOnlyList<RaftChecksum>> GetChecksumsAsync(RaftGroupId group, CancellationToken cancellationToken)
    {
        var runtime = await FindAsync(group, cancellationToken);
        var mark = Guid.NewGuid();
        await MarkAsync(runtime, mark, cancellationToken);
        return await Task.WhenAll(runtime.Descriptor.Members.OrderBy(member => member.Replica).Select(member => TryChecksumAsync(group, member, mark)));
    }

    private async Task MarkAsync(GroupRuntime runtime, Guid mark, CancellationToken cancellationToken)
    {
        var id = runtime.Descriptor.Id;
        var end = _clock.Now + RequestTimeout;
        var last = "no leader is known";
        using var timer = new PeriodicTimer(_options.TickInterval * 2, _time);
        while (_clock.Now < end)
        {
            var status = await GetStatusAsync(runtime, cancellationToken);
            if (status.Leader is { } leader && _silos.Find(leader) is { } address)
            {
                last = await TryMarkAsync(address, id, mark);
                if (last.Length == 0)
                {
                    return;
                }
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        throw new RaftUnavailableException($"{id}: no leader took the mark for checksums within {RequestTimeout}: {last}.");
    }

    private async Task<string> TryMarkAsync(SiloAddress leader, RaftGroupId group, Guid mark)
    {
        try
        {
            return leader.Equals(_silo.SiloAddress)
                ? await MarkHereAsync(group, mark)
                : await _services.GetRequiredService<RaftEndpointClient>().On(leader).MarkAsync(group.Name, group.Index, mark).WaitAsync(ReportPatience, _time);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // A mark that was taken all the same does no harm: another one follows.
            return exception.Message;
        }
    }

    private async Task<RaftChecksum> TryChecksumAsync(RaftGroupId group, GroupMember member, Guid mark)
    {
        try
        {
            if (_silos.Find(member.Silo) is not { } address)
            {
                return new RaftChecksum(member.Silo, member.Replica.Value, 0, null, "no address is known");
            }

            var checksum = address.Equals(_silo.SiloAddress)
                ? await ChecksumHereAsync(group, mark)
                : await _services.GetRequiredService<RaftEndpointClient>().On(address).ChecksumAsync(group.Name, group.Index, mark).WaitAsync(RequestTimeout, _time);
            return new RaftChecksum(
                member.Silo, member.Replica.Value, checksum.Applied, checksum.Sha256, checksum.Sha256 is null ? "its state machine can't write its state out" : "");
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or IOException)
        {
            return new RaftChecksum(member.Silo, member.Replica.Value, 0, null, exception.Message);
        }
    }
}
