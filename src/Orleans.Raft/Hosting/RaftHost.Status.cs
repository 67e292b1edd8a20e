using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Core;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <content>What silos say of their replicas, gathered; and handing leadership over on request.</content>
internal sealed partial class RaftHost
{
    private static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(2);

    /// <summary>What this silo's replicas say of themselves: those of one group, or all where the name is empty.</summary>
    public async Task<SiloReport> ReportAsync(string name, int index)
    {
        var asked = _groups.Values.Where(runtime => runtime.Replica is not null
            && (name.Length == 0 || runtime.Descriptor.Id == new RaftGroupId(name, index)));
        var reports = await Task.WhenAll(asked.Select(runtime => ReportAsync(runtime.Replica!)));
        return new SiloReport(Silo, _refusal ?? (_hasCatalog ? "" : _waitsFor), [.. reports]);
    }

    /// <summary>Tells this silo's replica of a group to hand leadership over, if it leads. Returns what became of the wish.</summary>
    public async Task<string> TransferHereAsync(RaftGroupId group, ReplicaId to) =>
        !TryFind(group, out var runtime) || runtime.Replica is not { Fault: null } replica ? $"{group} has no working replica on {Silo}"
            : runtime.Descriptor.SiloOf(to) is { } silo && WhyNoTarget(silo) is { } reason ? reason
            : (await replica.TransferAsync(to)).ToString();

    // Somebody who leaves takes no leadership, whoever asks for it (SAFETY-RULES B12). What this silo has not heard of yet it leaves to the protocol.
    private string? WhyNoTarget(string silo) =>
        !string.Equals(silo, Silo, StringComparison.Ordinal) && _lanes?.To(silo).PeerPhase is > SiloPhase.Running ? $"{silo} stops and takes no leadership" : null;

    /// <summary>A group as of now.</summary>
    public async Task<RaftGroupStatus> GetStatusAsync(GroupRuntime runtime, CancellationToken cancellationToken)
    {
        var group = runtime.Descriptor;
        var reports = await AskAsync(group.Members.Select(member => member.Silo), group.Id.Name, group.Id.Index).WaitAsync(cancellationToken);
        return StatusMerge.Of(group, reports);
    }

    /// <summary>All groups as of now.</summary>
    public async Task<IReadOnlyList<RaftGroupStatus>> GetStatusAsync()
    {
        var groups = _groups.Values.Select(runtime => runtime.Descriptor).OrderBy(group => group.Id.Name, StringComparer.Ordinal).ThenBy(group => group.Id.Index).ToArray();
        var silos = groups.SelectMany(group => group.Members).Select(member => member.Silo).Distinct(StringComparer.Ordinal);
        var reports = await AskAsync(silos, "", 0);
        var byGroup = reports
            .SelectMany(silo => silo.Replicas.Select(replica => (Id: new RaftGroupId(replica.Name, replica.Index), silo.Silo, replica)))
            .ToLookup(report => report.Id, report => new SiloReport(report.Silo, "", [report.replica]));
        return [.. groups.Select(group => StatusMerge.Of(group, byGroup[group.Id]))];
    }

    /// <summary>All silos as of now: those in membership, and those that the catalog knows.</summary>
    public async Task<IReadOnlyList<RaftSiloStatus>> GetSilosAsync()
    {
        var members = _silos.Members;
        var names = members.Keys.Concat((Catalog?.Silos ?? []).Select(silo => silo.Silo)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var reports = (await AskAsync(names, "", 0)).ToDictionary(report => report.Silo, StringComparer.Ordinal);
        return [.. names.Select(name =>
        {
            reports.TryGetValue(name, out var report);
            members.TryGetValue(name, out var member);
            return new RaftSiloStatus(
                name,
                member?.SiloAddress.ToParsableString(),
                member?.Status.ToString() ?? "Unknown",
                report is not null,
                report?.Replicas.Count(replica => replica.Fault is null && replica.Role == (int)RaftRole.Leader) ?? 0,
                report?.Replicas.Length ?? 0,
                report?.Waits ?? "");
        })];
    }

    /// <summary>Hands a group's leadership to the replica on a silo, wherever the leader is.</summary>
    public async Task TransferAsync(GroupRuntime runtime, string silo, CancellationToken cancellationToken)
    {
        var group = runtime.Descriptor;
        var target = group.ReplicaOn(silo);
        if (target.IsNone)
        {
            throw new RaftException($"{group.Id} has no replica on {silo}; it has some on {string.Join(", ", group.Members.Select(member => member.Silo))}.");
        }

        var end = _clock.Now + RequestTimeout;
        var last = "no leader is known";
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        for (var round = 0; _clock.Now < end; round++)
        {
            var status = await GetStatusAsync(runtime, cancellationToken);
            if (string.Equals(status.Leader, silo, StringComparison.Ordinal))
            {
                return;
            }

            // A wish that came to nothing is given up by the node after an election timeout; then it is repeated.
            if (status.Leader is { } leader && round % _options.ElectionTicks == 0 && _silos.Find(leader) is { } address)
            {
                last = await TryTransferAsync(address, group.Id, target);
                if (last.Contains(nameof(RefusalReason.Learner), StringComparison.Ordinal) || last.Contains(nameof(RefusalReason.UnknownPeer), StringComparison.Ordinal))
                {
                    throw new RaftException($"{group.Id}: the replica on {silo} does not vote (yet): {last}.");
                }
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        throw new RaftUnavailableException($"{group.Id}: leadership did not come to {silo} within {RequestTimeout}: {last}.");
    }

    private async Task<string> TryTransferAsync(SiloAddress leader, RaftGroupId group, ReplicaId to)
    {
        try
        {
            return leader.Equals(_silo.SiloAddress)
                ? await TransferHereAsync(group, to)
                : await _services.GetRequiredService<RaftEndpointClient>().On(leader).TransferAsync(group.Name, group.Index, to.Value).WaitAsync(ReportPatience, _time);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            return exception.Message;
        }
    }

    private async Task<IReadOnlyList<SiloReport>> AskAsync(IEnumerable<string> silos, string name, int index)
    {
        var reports = await Task.WhenAll(silos.Distinct(StringComparer.Ordinal).Select(silo => TryReportAsync(silo, name, index)));
        return [.. reports.OfType<SiloReport>()];
    }

    private async Task<SiloReport?> TryReportAsync(string silo, string name, int index)
    {
        try
        {
            if (string.Equals(silo, Silo, StringComparison.Ordinal))
            {
                return await ReportAsync(name, index).WaitAsync(ReportPatience, _time);
            }

            return _silos.Find(silo) is { } address
                ? await _services.GetRequiredService<RaftEndpointClient>().On(address).ReportAsync(name, index).WaitAsync(ReportPatience, _time)
                : null;
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // A silo that does not answer is shown as such.
            return null;
        }
    }

    private static async Task<ReplicaReport> ReportAsync(Replica replica)
    {
        try
        {
            return await replica.ReportAsync();
        }
        catch (RaftException exception)
        {
            return new ReplicaReport(replica.Group.Name, replica.Group.Index, replica.Id.Value, 0, 0, 0, 0, [], [], [], replica.Fault ?? exception.Message);
        }
    }
}
