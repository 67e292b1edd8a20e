using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>Asks the endpoints of other silos.</summary>
internal sealed class EndpointPeers(RaftEndpointClient endpoints, SiloDirectory silos, IServiceProvider services, ILocalSiloDetails local) : IBirthPeers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? Others
    {
        get
        {
            var members = services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.Members;
            if (!members.TryGetValue(local.SiloAddress, out var self) || self.Status is not (SiloStatus.Joining or SiloStatus.Active))
            {
                return null;
            }

            return [.. members.Values
                .Where(member => member.Status is SiloStatus.Joining or SiloStatus.Active && !string.Equals(member.Name, local.Name, StringComparison.Ordinal))
                .Select(member => member.Name)
                .Distinct(StringComparer.Ordinal)];
        }
    }

    /// <inheritdoc/>
    public Task<BirthAnswer> AskAsync(string silo, BirthQuestion question) => silos.Find(silo) is { } address
        ? endpoints.On(address).AskBirthAsync(question).WaitAsync(Patience)
        : Task.FromException<BirthAnswer>(new RaftUnavailableException($"No address of the silo {silo} is known yet."));
}
