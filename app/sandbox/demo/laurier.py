"""The data of Domaine Laurier, the second demo company. It maintains buildings in Quebec, in French and Canadian dollars."""
# ruff: noqa: E501  a sentence a person wrote stays on one line

from __future__ import annotations

from app.domain.accounts.models import Role
from app.domain.reply_templates.models import TemplateCategory
from app.domain.tasks.models import TaskStatus, TaskType
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.models import Priority, ThreadType
from app.sandbox.demo.company import Articles, Customers, DemoBrand, DemoCompany, DemoUser, DemoView, Tasks, Template, Visits
from app.sandbox.demo.read_stories import read_stories

DOMAIN = "laurier.example"
MANAGED, KEPT, SNOW = "laurier-gestion", "laurier-entretien", "laurier-deneigement"
ALL, WRITTEN = (MANAGED, KEPT, SNOW), ("email", "whatsapp")

BRANDS = (
    DemoBrand(
        MANAGED,
        "Laurier Gestion",
        5,
        f"gestion@{DOMAIN}",
        "+1 514 555 0110",
        "106600000000011",
        prefix="LG",
        country="CA",
    ),
    DemoBrand(
        KEPT,
        "Laurier Entretien",
        3,
        f"entretien@{DOMAIN}",
        "+1 514 555 0120",
        "106600000000012",
        prefix="LE",
        country="CA",
    ),
    DemoBrand(SNOW, "Laurier Déneigement", 1, f"deneigement@{DOMAIN}", sms_number="+1 514 555 0130", prefix="LD", country="CA"),
)
SERVICE, FIELD = "Service à la clientèle", "Équipe terrain"

USERS = (
    DemoUser("Camille Tremblay", Role.AGENT, SERVICE, locale="fr", domain=DOMAIN),
    DemoUser("Olivier Gagnon", Role.AGENT, SERVICE, (KEPT, SNOW), locale="fr", domain=DOMAIN),
    DemoUser("Geneviève Roy", Role.LEAD, SERVICE, locale="fr", domain=DOMAIN),
    DemoUser("Sylvie Pelletier", Role.MANAGER, SERVICE, locale="fr", domain=DOMAIN),
    DemoUser("Marc-André Bouchard", Role.TECHNICIAN, FIELD, (KEPT,), locale="fr", domain=DOMAIN),
)

CUSTOMERS = Customers(
    names={
        "fr": (
            (
                "Amélie",
                "Étienne",
                "Jade",
                "Mathieu",
                "Noémie",
                "Félix",
                "Océane",
                "Antoine",
                "Laurence",
                "Guillaume",
                "Maude",
                "Xavier",
            ),
            ("Lavoie", "Côté", "Bélanger", "Gauthier", "Morin", "Fortin", "Ouellet", "Lévesque", "Poirier", "Nguyen", "Beaulieu"),
        ),
        "en": (("Rachel", "Kevin", "Priya"), ("Cohen", "Stewart", "Singh")),
    },
    domains={"fr": "example.ca", "en": "example.com"},
    dialling="1514555",
    digits=4,
    streets=("rue Saint-Denis", "avenue du Mont-Royal", "rue Rachel", "boulevard Saint-Laurent", "rue Beaubien"),
    towns=("Montréal", "Laval", "Longueuil", "Brossard", "Terrebonne"),
)

ARTICLES: Articles = (
    ("PLOMB-URG", "Appel de plomberie d’urgence", "185.00"),
    ("PLOMB-H", "Plombier, l’heure", "112.50"),
    ("ELEC-H", "Électricien, l’heure", "118.75"),
    ("THERMOSTAT", "Thermostat électronique", "89.95"),
    ("CHAUFFE-EAU-60", "Chauffe-eau 60 gallons, installé", "1379.00"),
    ("THERMOPOMPE", "Entretien de thermopompe", "164.95"),
    ("PEINT-LOG", "Peinture d’un logement 4½", "1249.99"),
    ("MENAGE-COM", "Ménage des aires communes, le mois", "389.95"),
    ("MENAGE-H", "Ménage, l’heure", "34.65"),
    ("DENEIG-ENT", "Déneigement d’une entrée double, la saison", "449.00"),
    ("PERMIS", "Permis de la Ville (débours)", "92.00"),
)

VISITS = Visits(
    brand=KEPT,
    title="Visite d’entretien",
    lines=("PLOMB-H", "THERMOPOMPE"),
    planned=(
        (0, 10, "3820 avenue Henri-Julien, Montréal QC H2W 2K1", "Sonner deux fois, la cloche est capricieuse"),
        (0, 14, "5333 avenue Casgrain, Montréal QC H2T 1X3", "Entrée par la ruelle"),
        (1, 9, "7070 avenue Henri-Julien, Montréal QC H2S 3S3", "Stationnement au sous-sol, code chez la concierge"),
    ),
    checks=("Eau fermée", "Photo avant", "Essai sous pression", "Photo après", "Lieux nettoyés"),
)

TASKS: Tasks = (
    ("Rappeler la plaignante du 302", TaskType.CALLBACK, TaskStatus.OPEN, 0),
    ("Commander le ressort de la porte de garage", TaskType.FOLLOW_UP, TaskStatus.WAITING, 2),
    ("Planifier la visite du plombier", TaskType.SCHEDULE_VISIT, TaskStatus.IN_PROGRESS, 1),
    ("Envoyer la mise en demeure au 402", TaskType.DOCUMENTATION, TaskStatus.OPEN, -2),
    ("Faire approuver le rabais de la soumission", TaskType.APPROVAL_REQUEST, TaskStatus.WAITING, 3),
    ("Confirmer l’heure de l’électricien", TaskType.SEND_EMAIL, TaskStatus.COMPLETED, -1),
)

TEMPLATES: tuple[Template, ...] = (
    (
        "Dégât d’eau : premiers gestes",
        TemplateCategory.TECHNICAL_SUPPORT,
        "fr",
        WRITTEN,
        ALL,
        "Que faire en attendant le plombier",
        "Bonjour {{contact.first_name|Madame, Monsieur}},\n\nEn attendant le plombier :\n\n1. Fermez l’entrée d’eau, sous l’évier ou au compteur.\n2. Coupez le courant de la pièce si l’eau approche d’une prise.\n3. Prenez des photos pour votre assurance.\n\n{{user.first_name}}, {{brand.name}}",
        6,
    ),
    (
        "Confirmer un rendez-vous",
        TemplateCategory.INSTALLATION_SCHEDULING,
        "fr",
        WRITTEN,
        ALL,
        "Votre rendez-vous avec {{brand.name}}",
        "Bonjour {{contact.first_name|Madame, Monsieur}},\n\nVotre rendez-vous est confirmé. Le technicien vous appelle une demi-heure avant d’arriver. Merci de dégager l’accès.\n\nÀ bientôt,\n{{user.first_name}}",
        9,
    ),
    (
        "Soumission envoyée",
        TemplateCategory.SALES_INQUIRY,
        "fr",
        ("email",),
        ALL,
        "Votre soumission",
        "Bonjour {{contact.name|Madame, Monsieur}},\n\nVous trouverez notre soumission ci-jointe. Les prix s’entendent avant TPS et TVQ, et elle est valide trente jours à compter du {{date.today}}.\n\nCordialement,\n{{user.name}}\n{{brand.name}}",
        5,
    ),
    (
        "Excuses pour le délai",
        TemplateCategory.COMPLAINT_RESPONSE,
        "fr",
        WRITTEN,
        ALL,
        "Toutes nos excuses",
        "Bonjour {{contact.name|Madame, Monsieur}},\n\nVous attendez depuis plus longtemps que promis et nous en sommes désolés. J’ai pris votre dossier (nº {{thread.number}}) en main et je vous donne des nouvelles d’ici demain.\n\n{{user.name}}",
        4,
    ),
    (
        "Follow-up in English",
        TemplateCategory.FOLLOW_UP,
        "en",
        WRITTEN,
        ALL,
        "Is everything in order?",
        "Hello {{contact.first_name|there}},\n\nOur technician came by this week. Is everything in order? Just reply to this message if not.\n\n{{user.first_name}}, {{brand.name}}",
        2,
    ),
)

VIEWS = (
    DemoView("Camille", "Mes urgences", ViewFilters(view="mine", priority=Priority.URGENT)),
    DemoView("Geneviève", "Plaintes à rappeler", ViewFilters(type=ThreadType.COMPLAINT), team=SERVICE),
)

LAURIER = DemoCompany(
    name="Domaine Laurier",
    zone="America/Toronto",
    language="fr",
    signature="Cordialement,\nL’équipe de {name}",
    text_price=("0.0079", "USD"),
    brands=BRANDS,
    teams=(SERVICE, FIELD),
    users=USERS,
    customers=CUSTOMERS,
    articles=ARTICLES,
    visits=VISITS,
    tasks=TASKS,
    templates=TEMPLATES,
    stories=read_stories("laurier"),
    views=VIEWS,
)
