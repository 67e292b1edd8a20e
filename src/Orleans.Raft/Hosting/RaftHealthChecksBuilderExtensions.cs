using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Raft.Hosting;

namespace Orleans.Hosting;

/// <summary>Registers Raft's health checks.</summary>
public static class RaftHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds two checks. <c>raft</c>, tagged <c>live</c>, fails when a restart or a human is needed: the log store has failed, the disk hangs, or a
    /// replica of this silo has faulted. <c>raft-ready</c>, tagged <c>ready</c>, fails besides while the cluster is not born yet and until every replica
    /// of this silo is a caught-up voter of a group with a leader: take the next silo down only then.
    /// </summary>
    /// <param name="builder">The health checks of a host with a silo that has Raft.</param>
    public static IHealthChecksBuilder AddRaft(this IHealthChecksBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .Add(new HealthCheckRegistration("raft", static services => Check(services, asksReadiness: false), HealthStatus.Unhealthy, ["raft", "live"]))
            .Add(new HealthCheckRegistration("raft-ready", static services => Check(services, asksReadiness: true), HealthStatus.Unhealthy, ["raft", "ready"]));
    }

    private static RaftHealthCheck Check(IServiceProvider services, bool asksReadiness) => new(services.GetRequiredService<RaftHost>(), asksReadiness);
}
